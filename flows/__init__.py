"""One file per flow (verbs); what the flows do is in `trips` (nouns)."""
