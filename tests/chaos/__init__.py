"""What must never happen, made to happen: the system on a live camera while its parts are killed."""
