"""Takes longer than it may."""
import time

time.sleep(60)
