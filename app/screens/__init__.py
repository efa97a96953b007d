"""One room for each page: what it shows, and the functions that only it needs.

Not `app/pages`: beside `app/main.py` Streamlit takes a folder of that name for pages of its own."""
