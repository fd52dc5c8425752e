"""Remote APIs as typed Python: no ORM, no settings, no templates. Start with ADDING.md."""
