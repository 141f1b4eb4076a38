/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every bound on what a client may send or hold, each with its reason. Sizes in bytes unless the name says otherwise.
 */

/* Our offer of as many slots as there can be, each of which names its track with as many characters as can be, is
 * 141 kB. Chromium answers it with 99 kB, and the candidates of a many-homed host are some more. */
#define SALON_LIMIT_SDP_BYTES (160 * 1024)
/* Attributes of one m-line: Chromium's camera, with every profile of every codec and its candidates, has about 200. */
#define SALON_LIMIT_SDP_ATTRIBUTES 1024
/* SSRCs announced for one m-line: three layers, each with retransmission and correction, are 9. */
#define SALON_LIMIT_SSRCS 16
/* SSRCs of RTP that one connection may ever send: each m-line's and its retransmission's (a camera in simulcast has
 * three of both), and as many again for those that change. As many of RTCP. */
#define SALON_LIMIT_PACKET_SSRCS 128
/* How often a publisher is told which of its packets came, in one report: as browsers do it, and it has room for
 * 19 Mbit/s. */
#define SALON_TRANSPORT_CC_INTERVAL_MS 100
/* Sources of one connection's RTP session: our own (98 slots and their retransmissions), and as many of the client's.
 */
#define SALON_LIMIT_RTP_SOURCES 400
/* The largest message is a join: an SDP, JSON-escaped, and small change. */
#define SALON_LIMIT_MESSAGE_BYTES (192 * 1024)
/* A client that lets this much pile up has stopped reading; a join in a full room is about 100 kB. */
#define SALON_LIMIT_SEND_QUEUE_BYTES (1024 * 1024)
/* Of all clients together: 500 who join a full room in the same moment. */
#define SALON_LIMIT_SEND_QUEUES_BYTES (64 * 1024 * 1024)
/* A POST to the HTTP API is a few short fields. */
#define SALON_LIMIT_HTTP_BODY_BYTES (16 * 1024)
/* A room's graph as text: that of a hundred people who all see each other, or in full of some ten. */
#define SALON_LIMIT_DRAWING_BYTES (8 * 1024 * 1024)
/* An offer by HTTP: a microphone's and a camera's m-lines, with every codec, and all candidates twice. */
#define SALON_LIMIT_HTTP_OFFER_BYTES (64 * 1024)
/* Characters, not bytes: what fits a heading and a URL people still read. */
#define SALON_LIMIT_SLUG_CHARS 64
/* As sent: one character may be spelt as four before NFC. */
#define SALON_LIMIT_SLUG_RAW_CHARS (4 * SALON_LIMIT_SLUG_CHARS)
#define SALON_LIMIT_NAME_CHARS 64
/* About two pages. */
#define SALON_LIMIT_CHAT_CHARS 4000
/* What a newcomer can read up on; and how long an ephemeral room's chat is kept. */
#define SALON_LIMIT_CHAT_HISTORY 100
#define SALON_LIMIT_CHAT_AGE_S (24 * 60 * 60)
/* Microphone, camera, screen, its sound, and room for four times as much. */
#define SALON_LIMIT_TRACKS 16
/* m-lines of a publisher's offer: twice the tracks, because m-lines only ever grow. */
#define SALON_LIMIT_MEDIA_LINES 32
/* Candidates kept per connection; a host with IPv4, IPv6, VPNs, TCP and TURN gathers about 30. */
#define SALON_LIMIT_CANDIDATES 128
/* Seats (an audio and a video slot each) of one subscriber connection: 49 make a 7x7 grid. */
#define SALON_LIMIT_SEATS 49
/* Subscriber connections of one participant: 4 of 12 seats show 48 others. */
#define SALON_LIMIT_SUBSCRIBERS 8
/* Whom one participant can pin: more than fit a screen beside those who speak. */
#define SALON_LIMIT_PINS 16
/* Of those who speak at the same moment, told of, the loudest first: nobody can follow more. */
#define SALON_LIMIT_SPEAKING 10
/* Per room; max_members may not go beyond. */
#define SALON_LIMIT_MEMBERS 1000
#define SALON_DEFAULT_MAX_MEMBERS 100
/* Requests of one connection, at once and a second: a join with all its candidates is about 60. */
#define SALON_LIMIT_REQUESTS_BURST 300
#define SALON_LIMIT_REQUESTS_PER_S 50
/* How seldom somebody may be told how well they receive. */
#define SALON_LIMIT_STATS_INTERVAL_S 60
/* What a client tells of it: of so many slots, and none of them for longer than a week. */
#define SALON_LIMIT_RECEIVED (2 * SALON_LIMIT_SEATS * SALON_LIMIT_SUBSCRIBERS)
#define SALON_LIMIT_RECEIVED_MS (7 * 24 * 60 * 60 * 1000)
/* Chat goes to everybody in the room and to the store: faster than people type, slower than a flood. */
#define SALON_LIMIT_CHAT_BURST 30
#define SALON_LIMIT_CHAT_PER_S 5
/* Rooms created by request, of all clients together: each stays until it is deleted. */
#define SALON_LIMIT_CREATE_BURST 100
#define SALON_LIMIT_CREATE_PER_S 10
/* Requests of one connection that wait for the store or for webrtcbin. */
#define SALON_LIMIT_PENDING_REQUESTS 32
/* Seconds that a timed room can live: 30 days; and how long its name may be blocked after that, in its ages. */
#define SALON_LIMIT_MAX_AGE_S (30 * 24 * 60 * 60)
#define SALON_LIMIT_BLOCK_FACTOR 100
/* How long somebody waits to be let in; and how many in one room's waiting room: more than a host can look through. */
#define SALON_LIMIT_WAIT_S (10 * 60)
#define SALON_LIMIT_WAITING 100
/* Pings of one client, at once and a second: each is answered, and libsoup keeps the answers without bound. Browsers
 * send none, libraries one in some seconds. */
#define SALON_LIMIT_PINGS_BURST 20
#define SALON_LIMIT_PINGS_PER_S 2
/* Of one address, for each person that people-per-address grants it. Connections at once: a browser loads over six, and
 * has a WebSocket. */
#define SALON_LIMIT_PERSON_CONNECTIONS 7
/* WebSockets at once, or sessions of WHIP and WHEP: the page's, and that of a connection that broke and is not given up
 * yet, or of a second page. */
#define SALON_LIMIT_PERSON_SOCKETS 2
/* Requests at once: the page has about 30 parts; and a second: pages are not loaded again and again. */
#define SALON_LIMIT_PERSON_REQUESTS 100
#define SALON_LIMIT_PERSON_REQUESTS_PER_S 1
/* Joins at once: all of a school at the full hour, and each once more, because something had gone wrong. */
#define SALON_LIMIT_PERSON_JOINS 2
/* Rooms in one store: each takes about 1 kB there, so 100 MB. */
#define SALON_LIMIT_ROOMS 100000
/* How long an ephemeral room that was made by request waits for the first to join. */
#define SALON_LIMIT_JOIN_WITHIN_S (60 * 60)
/* What a picture can be shown with: beyond the largest screens, and the 14 bits that VP8 has for either. */
#define SALON_LIMIT_PIXELS 16384
#define SALON_LIMIT_FRAME_RATE 240
/* One packet of media or STUN; more is no media of ours, and ends a TCP connection. */
#define SALON_LIMIT_PACKET_BYTES 2048
/* Received media of one connection that waits to be read: a second of video. webrtcbin allows 5 MiB, and a stalled
 * client would hold all of it. */
#define SALON_LIMIT_RECEIVE_QUEUE_BYTES (1024 * 1024)
/* Checks from addresses that are not known yet, of one host (or one IPv6 /64), that name a connection, at once and a
 * second: an office of 100 people behind one NAT begins with some 500. Hosts share the buckets as their hashes fall. */
#define SALON_LIMIT_STRANGER_CHECKS_BURST 1000
#define SALON_LIMIT_STRANGER_CHECKS_PER_S 200
/* STUN of one connection's own: a browser sends 20 a second on each pair while it begins, and far less later. */
#define SALON_LIMIT_CHECKS_BURST 200
#define SALON_LIMIT_CHECKS_PER_S 100
/* Validated addresses of one connection: with two of IPv6 and one of IPv4 at both ends, UDP and TCP, there are 10; and
 * there is what was before. */
#define SALON_LIMIT_ICE_PATHS 16
/* Candidates of one connection whose types are remembered: those that a client has, without what comes and goes. */
#define SALON_LIMIT_TYPED_CANDIDATES 32
/* Media over TCP: connections of all clients together, and no more than an eighth of the descriptors, so that whoever
 * connects leaves some to the rest of the server, which GLib would end without any; */
#define SALON_LIMIT_ICE_TCP_CONNECTIONS 2000
#define SALON_LIMIT_ICE_TCP_DESCRIPTORS_PART 8
/* those of one host (or one IPv6 /64) that have not shown who they are, and how long they have for that; */
#define SALON_LIMIT_ICE_TCP_STRANGERS 32
#define SALON_LIMIT_ICE_TCP_STRANGER_S 10
/* what one does not read: about 300 ms of video, and what waits longer is no use to anybody. */
#define SALON_LIMIT_ICE_TCP_BACKLOG_BYTES (128 * 1024)
/* Data channels. One message: what every browser and library can send; */
#define SALON_LIMIT_DATA_MESSAGE_BYTES (64 * 1024)
/* those that a client opens, and the labels of a room, which everybody has a channel of; */
#define SALON_LIMIT_DATA_CHANNELS 8
/* what a client asks of the server over one: a stream's id and a few words; it costs as much of what comes below as a
 * request on the WebSocket does of SALON_LIMIT_REQUESTS_PER_S; */
#define SALON_LIMIT_DATA_REQUEST_BYTES 1024
#define SALON_LIMIT_DATA_LABELS 16
/* streams of SCTP, in each direction: channels have half of the numbers each, by who opened them, and those that just
 * close have theirs a little longer; */
#define SALON_LIMIT_DATA_STREAMS 64
/* a label, as long as a room's in four-byte characters, and a protocol; */
#define SALON_LIMIT_DATA_LABEL_BYTES 256
/* what waits for a client that takes it slower than it comes: four seconds at 2 Mbit/s. Of a lossy channel nothing
 * waits behind more than half a second's, or two of the largest messages; */
#define SALON_LIMIT_DATA_QUEUE_BYTES (1024 * 1024)
#define SALON_LIMIT_DATA_LOSSY_QUEUE_BYTES (128 * 1024)
/* how long those wait who send to somebody for whom half of that waits, until it is a quarter: who takes 1 Mbit/s gets
 * all of a reliable channel, as fast as that; */
#define SALON_LIMIT_DATA_PATIENCE_MS 2000
/* what comes from a client and is not read yet: four messages, and SCTP tells it to wait; */
#define SALON_LIMIT_DATA_RECEIVE_BYTES (4 * SALON_LIMIT_DATA_MESSAGE_BYTES)
/* what one client makes the server send to others, a second: in a room of 11 people, 500 messages of 800 bytes. Beyond
 * it is read later, and SCTP tells it to wait; */
#define SALON_LIMIT_DATA_DELIVERIES_PER_S 5000
#define SALON_LIMIT_DATA_DELIVERED_BYTES_PER_S (4 * 1024 * 1024)
/* SCTP packets of a client, at once and a second: more than these, and their acknowledgements, can be. Beyond it loses
 * some; and those that wait to be looked at, which is more than it may have on its way. */
#define SALON_LIMIT_DATA_PACKETS_BURST 2000
#define SALON_LIMIT_DATA_PACKETS_PER_S 5000
#define SALON_LIMIT_DATA_PACKETS_WAITING 512
/* Jobs. What server, keeper and pipeline tell each other in one message: a job's specification, whose text came with a
 * request, or its log's tail; */
#define SALON_LIMIT_JOB_MESSAGE_BYTES (64 * 1024)
/* that tail: what fits a screen; a line of it; and how many lines a job may print at once, and a second: more tells
 * nobody more. */
#define SALON_LIMIT_JOB_LOG_LINES 40
#define SALON_LIMIT_JOB_LINE_CHARS 300
#define SALON_LIMIT_JOB_LINES_BURST 50
#define SALON_LIMIT_JOB_LINES_PER_S 10
/* Jobs that have ended and are still listed. Beyond, the oldest that left no files is forgotten, and if all have left
 * some, somebody has to decide. */
#define SALON_LIMIT_ENDED_JOBS 200
/* Files of one job that are listed: a playlist's parts of 16 hours, of 6 seconds each. */
#define SALON_LIMIT_JOB_FILES 10000
/* Files on their way to clients at once: each is a descriptor and some 300 kB of buffers. One address has half of them
 * at most, and each of its people so many: what a player reads ahead. */
#define SALON_LIMIT_DOWNLOADS 256
#define SALON_LIMIT_PERSON_DOWNLOADS 6
/* How long a link to a job's files is good for, in seconds: a week. */
#define SALON_LIMIT_LINK_S (7 * 24 * 60 * 60)
/* What is read of a recording's manifest, recording.json: some 300 bytes of each track. A longer one is not read. */
#define SALON_LIMIT_MANIFEST_BYTES (1024 * 1024)
/* Recordings that are kept, each of which costs some 10 kB of memory: 3 a day for a year. */
#define SALON_LIMIT_RECORDINGS 1000
/* Pipelines in the folder. */
#define SALON_LIMIT_PIPELINES 200
/* Uploads. The parts that a file goes up in; and the file in which they are noted, which holds 100 bytes of each. */
#define SALON_LIMIT_UPLOAD_PARTS 1000
#define SALON_LIMIT_UPLOAD_FILE_BYTES (256 * 1024)
/* Programs on this machine that attach to rooms (see SalonWire). Those who are waited for, and how long they have to
 * come with what they were told; */
#define SALON_LIMIT_ATTACHING 64
#define SALON_LIMIT_ATTACH_DEADLINE_S 10
/* and the tracks that one may publish in all its stay: each has a stream's number of its own, and twice as many as at
 * once are enough. */
#define SALON_LIMIT_ATTACHED_STREAMS 32
