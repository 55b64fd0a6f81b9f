// One request over verified TLS: arguments are the port and the file of roots.
const [port, roots] = process.argv.slice(2);
const ca = require("fs").readFileSync(roots);
const server = { host: "127.0.0.1", servername: "localhost", port, ca };
const request = require("https").get(server, (answer) => answer.resume());
request.on("error", () => process.exit(1));
