"""Handlers for the tests of the local backend. Each is one way a function may behave; the tests name them."""

import os
import subprocess
import sys
import time


def echo(event, context):
    return event


def returns_none(event, context):
    return None


def pid(event, context):
    return os.getpid()
