"""One test for each threat that `docs/SECURITY.md` lists, where no other module has it."""
