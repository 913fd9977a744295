"""What lies in a repo, as bytes: the tables in Parquet, the card, and what a page without a server draws from."""
