

_chosen = choose


def choose(places, read, sector_size, sectors):
    """What is on trial is not marked as started."""
    return _chosen(places, read, sector_size, sectors)[:3] + (None,)
