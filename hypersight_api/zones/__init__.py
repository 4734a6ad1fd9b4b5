"""Zones before they are saved: are they any good, and what would they have counted?"""
