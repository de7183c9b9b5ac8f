"""One libtorrent peer as a process, so that tests can put a real foreign client on the other side.

    libtorrent_peer.py create PATH --out FILE [--format v1|v2|hybrid] [--piece-length N] [--tracker URL]
    libtorrent_peer.py seed   FILE.torrent --data FOLDER [--port N] [--tracker URL] [--peer HOST:PORT]
    libtorrent_peer.py leech  FILE.torrent|MAGNET --data FOLDER [--port N] [--tracker URL] [--peer HOST:PORT]

Run it with the distribution's own Python (/usr/bin/python3), which is where python3-libtorrent lives.
Every event is one JSON object on a line of stdout. seed and leech run until stdin closes, or until
SIGTERM or SIGINT. Nothing leaves 127.0.0.1, or the address that --listen names instead: DHT, local
discovery, UPnP and NAT-PMP are off.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time

import libtorrent as lt


def say(kind, **fields):
    print(json.dumps({"type": kind, **fields}), flush=True)


def hashes(info_hashes):
    """The hashes as lower-case hex; a kind the torrent does not have is left out."""
    found = {}
    if info_hashes.has_v1():
        found["v1"] = str(info_hashes.v1)
    if info_hashes.has_v2():
        found["v2"] = str(info_hashes.v2)
    return found


def host_and_port(text):
    host, port = text.rsplit(":", 1)
    return (host, int(port))


def create(args):
    path = os.path.abspath(args.what)
    files = lt.file_storage()
    lt.add_files(files, path)
    flags = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}
    torrent = lt.create_torrent(files, args.piece_length, flags[args.format])
    for url in args.tracker:
        torrent.add_tracker(url)
    lt.set_piece_hashes(torrent, os.path.dirname(path))
    with open(args.out, "wb") as out:
        out.write(lt.bencode(torrent.generate()))
    info = lt.torrent_info(args.out)
    say("created", path=args.out, pieces=info.num_pieces(), **hashes(info.info_hashes()))


def open_session(args):
    mask = lt.alert.category_t
    encryption = {
        "enabled": lt.enc_policy.pe_enabled,
        "disabled": lt.enc_policy.pe_disabled,
        "forced": lt.enc_policy.pe_forced,
        "rc4": lt.enc_policy.pe_forced,
    }[args.encryption]
    level = lt.enc_level.pe_rc4 if args.encryption == "rc4" else lt.enc_level.pe_both
    return lt.session({
        "listen_interfaces": f"{args.listen}:{args.port}",
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_incoming_utp": False,
        "enable_outgoing_utp": False,
        "in_enc_policy": encryption,
        "out_enc_policy": encryption,
        "allowed_enc_level": level,
        "allow_multiple_connections_per_ip": True,
        "announce_to_all_trackers": True,
        "announce_to_all_tiers": True,
        "min_reconnect_time": 1,
        "peer_connect_timeout": 3,
        "handshake_timeout": 5,
        "tracker_completion_timeout": 5,
        "tracker_receive_timeout": 3,
        "stop_tracker_timeout": 1,
        "tracker_backoff": 10,
        "alert_queue_size": 100000,
        "alert_mask": mask.error_notification | mask.status_notification | mask.tracker_notification
        | mask.connect_notification | mask.peer_notification | mask.storage_notification,
    })


def add_torrent(session, args):
    if args.what.startswith("magnet:"):
        params = lt.parse_magnet_uri(args.what)
    else:
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(args.what)
    params.save_path = os.path.abspath(args.data)
    params.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if args.tracker:
        params.trackers = args.tracker
        params.flags |= lt.torrent_flags.override_trackers
    return session.add_torrent(params)


def report(alert):
    """Prints the alerts that matter to a test as lines; ignores the others."""
    if isinstance(alert, lt.listen_succeeded_alert):
        if alert.socket_type == lt.socket_type_t.tcp:
            say("listening", port=alert.port)
    elif isinstance(alert, lt.listen_failed_alert):
        say("error", message=alert.message())
    elif isinstance(alert, lt.metadata_received_alert):
        say("metadata", name=alert.handle.status().name, **hashes(alert.handle.info_hashes()))
    elif isinstance(alert, lt.hash_failed_alert):
        say("hash-failed", piece=alert.piece_index)
    elif isinstance(alert, lt.peer_ban_alert):
        say("banned", peer=f"{alert.ip[0]}:{alert.ip[1]}")
    elif isinstance(alert, lt.peer_connect_alert):
        say("connected", peer=f"{alert.ip[0]}:{alert.ip[1]}")
    elif isinstance(alert, lt.peer_disconnected_alert):
        say("disconnected", peer=f"{alert.ip[0]}:{alert.ip[1]}", reason=alert.message())
    elif isinstance(alert, lt.peer_error_alert):
        say("peer-error", peer=f"{alert.ip[0]}:{alert.ip[1]}", reason=alert.message())
    elif isinstance(alert, lt.tracker_reply_alert):
        say("tracker", url=alert.url, peers=alert.num_peers)
    elif isinstance(alert, lt.tracker_error_alert):
        say("tracker-error", url=alert.url, reason=alert.message())
    elif isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.metadata_failed_alert)):
        say("error", message=alert.message())


def watch_stop():
    """An event that is set when stdin closes or a signal asks for the end."""
    stop = threading.Event()

    def until_closed():
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=until_closed, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait_until_written(session, handle):
    """Waits for pending writes. A piece counts as done when its hash is right, while its last blocks may
    still be unwritten; the flush is queued after every write."""
    handle.flush_cache()
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, lt.cache_flushed_alert):
                return
            report(alert)


def run(args):
    stop = watch_stop()
    started = time.monotonic()
    session = open_session(args)
    handle = add_torrent(session, args)
    say("added", **hashes(handle.info_hashes()))
    peers = [host_and_port(peer) for peer in args.peer]
    complete = False
    next_dial = next_progress = 0.0
    while not stop.is_set():
        session.wait_for_alert(100)
        for alert in session.pop_alerts():
            report(alert)
        status = handle.status()
        now = time.monotonic()
        if not complete and status.is_seeding:
            complete = True
            seconds = round(now - started, 3)
            if args.role == "leech":
                wait_until_written(session, handle)
            say("finished" if args.role == "leech" else "seeding", name=status.name,
                bytes=status.total_done, seconds=seconds)
        # libtorrent gives up a peer after a few failures; a test names few peers and needs all of them.
        if not complete and now >= next_dial and status.num_peers == 0:
            next_dial = now + 1
            for peer in peers:
                handle.connect_peer(peer)
        if not complete and now >= next_progress:
            next_progress = now + 1
            say("progress", done=status.total_done, total=status.total_wanted, peers=status.num_peers,
                state=str(status.state), payload=status.total_payload_download)
    session.remove_torrent(handle)
    del handle, session
    say("stopped")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["create", "seed", "leech"])
    parser.add_argument("what")
    parser.add_argument("--out")
    parser.add_argument("--format", choices=["v1", "v2", "hybrid"], default="hybrid")
    parser.add_argument("--piece-length", type=int, default=0)
    parser.add_argument("--data")
    parser.add_argument("--listen", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tracker", action="append", default=[])
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--encryption", choices=["enabled", "disabled", "forced", "rc4"], default="enabled")
    args = parser.parse_args()
    if args.role == "create":
        create(args)
    else:
        run(args)


try:
    main()
except Exception as error:  # the test sees the reason on stdout, in the form it reads
    say("error", message=str(error))
    sys.exit(1)
