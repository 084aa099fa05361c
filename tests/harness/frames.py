"""The wire beside a server: sends the Ethernet frames that come in on standard input, one line of hexadecimal digits
each, and prints the IPv4 frames that come back. Answers ARP for every address, so that a server finds any relay or
client behind it. One argument: the interface. Ends with its standard input."""

import select
import socket
import sys

IPV4, ARP, REQUEST, REPLY, OUTGOING = 0x0800, 0x0806, 1, 2, 4

wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind((sys.argv[1], 0))
station = wire.getsockname()[4]
print("ready", flush=True)
while True:
    ready, _, _ = select.select([wire, sys.stdin], [], [])
    if sys.stdin in ready:
        # One line at a time, unbuffered: the writer waits for what comes back.
        line = sys.stdin.buffer.raw.readline()
        if not line:
            break
        wire.send(bytes.fromhex(line.decode()))
    if wire in ready:
        frame, (_, kind, direction, _, _) = wire.recvfrom(65536)
        if direction == OUTGOING:
            continue
        if kind == IPV4:
            print(frame.hex(), flush=True)
        elif kind == ARP and int.from_bytes(frame[20:22], "big") == REQUEST:
            sender, asked = frame[22:32], frame[38:42]
            head = frame[6:12] + station + frame[12:20] + REPLY.to_bytes(2, "big")
            wire.send(head + station + asked + sender)
