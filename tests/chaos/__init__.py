"""What must never happen, made to happen: the local stack on a live camera while its parts are killed."""
