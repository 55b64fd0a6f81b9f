// Tables sort by a click on a column's head; without script they are simply in their first order.
for (const head of document.querySelectorAll("table.sort th")) {
  head.setAttribute("aria-sort", "none");
  head.tabIndex = 0;
  const sort = () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = head.closest("table").tBodies[0];
    const key = (row) => row.cells[head.cellIndex].dataset.v ?? row.cells[head.cellIndex].textContent;
    const order = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
    const byNumber = (a, b) => Number(key(a)) - Number(key(b));
    const rows = [...body.rows];
    rows.sort(head.classList.contains("n") ? byNumber : order);
    body.append(...(up ? rows : rows.reverse()));
  };
  head.addEventListener("click", sort);
  head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
}
