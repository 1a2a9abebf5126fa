"""Runs tasks under arms, keeps everything, and reads it again."""
