"""Who gives media time: the providers, the choice between them, and the thread that keeps the media clock."""
