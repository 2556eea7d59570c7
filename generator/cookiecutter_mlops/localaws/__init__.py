"""The embedded AWS: moto, with what it lacks. `mlops local up` starts it; `server.py` is where to begin reading."""
