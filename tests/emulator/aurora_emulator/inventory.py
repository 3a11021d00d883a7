def collect():
    return []
