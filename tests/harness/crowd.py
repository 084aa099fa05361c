"""A crowd at the door: opens many TCP connections that ask nothing, and says what became of them once its standard
input gets a line. Arguments: address, port, address to come from, number of connections."""

import json
import resource
import socket
import sys

server = (sys.argv[1], int(sys.argv[2]))
wanted = int(sys.argv[4])
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, wanted + 100), most))
crowd, failed = [], 0
for _ in range(wanted):
    try:
        crowd.append(socket.create_connection(server, timeout=30, source_address=(sys.argv[3], 0)))
    except OSError:
        failed += 1
print("open", flush=True)
sys.stdin.readline()
told, waiting, cut = 0, 0, 0
for connection in crowd:
    connection.setblocking(False)
    try:
        words = connection.recv(512)
        # 408: has waited too long; 429: made room for another; 503: there was no room.
        if words.split(b" ")[:2] in ([b"HTTP/1.1", b"408"], [b"HTTP/1.1", b"429"], [b"HTTP/1.1", b"503"]):
            told += 1
        else:
            cut += 1
    except BlockingIOError:
        waiting += 1
    except OSError:
        cut += 1
print(json.dumps({"failed": failed, "told": told, "waiting": waiting, "cut": cut}), flush=True)
