"""From a call to a receipt: the log on disk, who reads it, who sends it, and what the store answered."""
