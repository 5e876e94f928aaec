"""Voice of the Customer: from chats, reviews and survey answers to decisions. Five names to learn."""
