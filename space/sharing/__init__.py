"""Share links: pages, pictures and files for people who have nothing but an address."""
