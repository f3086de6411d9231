"""./dev demo: the story of one cancelled lesson and one that is too late, lived on this machine."""
