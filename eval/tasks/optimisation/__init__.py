"""Correct but slow functions: can the model make them fast, and does a library's helper that is found help?"""
