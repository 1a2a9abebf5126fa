"""Problems of our own about the model itself: Python with and without a house library, other languages, web pages."""
