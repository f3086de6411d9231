"""An SMTP server that keeps every mail, and refuses, stalls or cuts on demand."""
