"""The proof that money moves once: many small worlds of terminals, lines that fail, an acquirer, clerks and people."""
