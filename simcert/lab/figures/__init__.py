"""Figures: drawn once here, shown by reports on the page and by notebooks on a white ground."""
