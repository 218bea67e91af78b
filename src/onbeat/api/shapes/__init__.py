"""What answers look like, for the OpenAPI document and the tests that hold every answer to it. One module for each topic.

Nothing is checked when an answer is sent: handlers give plain JSON.
"""
