/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-sctp.h"

#include <errno.h>
#include <string.h>
#include <usrsctp.h>

#include "salon-limits.h"

/* What WebRTC says in SDP; they mean nothing inside DTLS. */
#define PORT 5000
/* Of 1,280 bytes, IPv6's least: without its headers and those of UDP and DTLS. */
#define PACKET_BYTES 1188
/* Which usrsctp does not count in. */
#define HEADER_BYTES 12
#define TICK_MS 10

/* usrsctp knows one stack a process, and associations by an address, which here is a number: a packet of one that is
 * gone finds nobody, where a pointer might find another. */
typedef struct
{
  GHashTable *associations; /* (owned): id -> SalonSctp (borrowed) */
  GQueue ready;             /* (element-type SalonSctp) (borrowed): usrsctp has something for them */
  guint64 last_id;
  guint timer_id;
  gint64 ticked_us;
  gboolean is_reading;
  guint8 *message; /* (owned): what is being read */
} Stack;

static Stack stack;

struct _SalonSctp
{
  const SalonSctpEvents *events;
  gpointer user_data;
  gpointer id;
  struct socket *socket; /* (owned) (nullable): NULL once closed */
  GArray *resets;        /* (owned) (element-type guint16): streams that wait to be reset: one request at a time */
  gboolean is_connecting;
  gboolean is_up;
  gboolean is_over;
  gboolean is_reading;
  gboolean is_skipping; /* the rest of a message that is too large */
  int queue_bytes;      /* the socket's bound */
  guint n_users;        /* calls of ours on the stack */
};

/* -- the stack -- */

static int
on_output (void *id, void *packet, size_t size, uint8_t tos, uint8_t is_whole)
{
  SalonSctp *self = g_hash_table_lookup (stack.associations, id);

  if (self != NULL)
    self->events->send (packet, size, self->user_data);
  return 0;
}

static void
on_event (struct socket *socket, void *user_data, int flags)
{
  SalonSctp *self = user_data;

  if (!g_queue_find (&stack.ready, self))
    g_queue_push_tail (&stack.ready, self);
}

static void read_all (SalonSctp *self);

/* usrsctp's calls only note who is ready: what is done then may close associations, also the one that was called. */
static void
run_ready (void)
{
  SalonSctp *self;

  if (stack.is_reading)
    return;
  stack.is_reading = TRUE;
  while ((self = g_queue_pop_head (&stack.ready)) != NULL)
    read_all (self);
  stack.is_reading = FALSE;
}

static gboolean
on_tick (gpointer user_data)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 elapsed_ms = (now_us - stack.ticked_us) / G_TIME_SPAN_MILLISECOND;

  stack.ticked_us += elapsed_ms * G_TIME_SPAN_MILLISECOND;
  usrsctp_handle_timers ((guint32)elapsed_ms);
  run_ready ();
  if (g_hash_table_size (stack.associations) > 0)
    return G_SOURCE_CONTINUE;
  stack.timer_id = 0;
  return G_SOURCE_REMOVE;
}

static void
configure_stack (void)
{
  /* Once a process: it can't be finished while one of its timers may still run. */
  usrsctp_init_nothreads (0, on_output, NULL);
  usrsctp_sysctl_set_sctp_blackhole (2);
  usrsctp_sysctl_set_sctp_ecn_enable (0);
  usrsctp_sysctl_set_sctp_asconf_enable (0);
  usrsctp_sysctl_set_sctp_auth_enable (0);
  usrsctp_sysctl_set_sctp_nrsack_enable (0);
  usrsctp_sysctl_set_sctp_pktdrop_enable (0);
  usrsctp_sysctl_set_sctp_pr_enable (1);
  usrsctp_sysctl_set_sctp_reconfig_enable (1);
  usrsctp_sysctl_set_sctp_rto_initial_default (1000);
  usrsctp_sysctl_set_sctp_init_rto_max_default (4000);
  usrsctp_sysctl_set_sctp_rto_min_default (200);
  usrsctp_sysctl_set_sctp_rto_max_default (10000);
  usrsctp_sysctl_set_sctp_delayed_sack_time_default (20);
  /* The queue is bounded by its bytes: small messages are as good as large ones. */
  usrsctp_sysctl_set_sctp_max_chunks_on_queue (SALON_LIMIT_DATA_QUEUE_BYTES / 64);
  stack.associations = g_hash_table_new (NULL, NULL);
  stack.message = g_malloc (SALON_LIMIT_DATA_MESSAGE_BYTES);
}

static void
join_stack (SalonSctp *self)
{
  if (stack.associations == NULL)
    configure_stack ();
  self->id = GSIZE_TO_POINTER (++stack.last_id);
  g_hash_table_insert (stack.associations, self->id, self);
  usrsctp_register_address (self->id);
  if (stack.timer_id == 0)
    {
      stack.ticked_us = g_get_monotonic_time ();
      stack.timer_id = g_timeout_add (TICK_MS, on_tick, NULL);
    }
}

/* -- reading -- */

static void
end (SalonSctp *self)
{
  if (self->is_over)
    return;
  self->is_over = TRUE;
  self->events->down (self->user_data);
}

static void
on_association_change (SalonSctp *self, const struct sctp_assoc_change *change)
{
  switch (change->sac_state)
    {
    case SCTP_COMM_UP:
      if (self->is_up)
        return;
      self->is_up = TRUE;
      self->events->up (self->user_data);
      break;
    /* Whoever begins anew knows of no channel any more. */
    case SCTP_RESTART:
    case SCTP_COMM_LOST:
    case SCTP_SHUTDOWN_COMP:
    case SCTP_CANT_STR_ASSOC:
      end (self);
      break;
    }
}

static void send_resets (SalonSctp *self);

static void
on_stream_reset (SalonSctp *self, const struct sctp_stream_reset_event *event)
{
  guint n_streams = (event->strreset_length - sizeof *event) / sizeof (guint16);

  gboolean is_ours = (event->strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) != 0;

  if (!(event->strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)))
    {
      for (guint i = 0; i < n_streams && self->socket != NULL; i++)
        self->events->reset (event->strreset_stream_list[i], is_ours, self->user_data);
    }
  if (self->socket != NULL)
    send_resets (self);
}

static void
on_notification (SalonSctp *self, const union sctp_notification *notification, gsize size)
{
  if (size < sizeof notification->sn_header || notification->sn_header.sn_length != size)
    return;
  if (notification->sn_header.sn_type == SCTP_ASSOC_CHANGE)
    on_association_change (self, &notification->sn_assoc_change);
  else if (notification->sn_header.sn_type == SCTP_STREAM_RESET_EVENT)
    on_stream_reset (self, &notification->sn_strreset_event);
  else if (notification->sn_header.sn_type == SCTP_SHUTDOWN_EVENT)
    end (self);
}

/* A message is whole, or it is larger than the buffer: usrsctp delivers parts only of what is larger than its own half.
 */
static void
on_data (SalonSctp *self, const struct sctp_rcvinfo *info, gsize size, gboolean is_end)
{
  gboolean was_skipping = self->is_skipping;

  self->is_skipping = !is_end;
  if (!was_skipping)
    self->events->message (
        info->rcv_sid, g_ntohl (info->rcv_ppid), is_end ? stack.message : NULL, is_end ? size : 0, self->user_data);
}

/* FALSE: there is nothing more. */
static gboolean
read_one (SalonSctp *self)
{
  struct sctp_rcvinfo info = { 0 };
  socklen_t info_size = sizeof info, address_size = 0;
  unsigned int info_type = SCTP_RECVV_NOINFO;
  int flags = 0;
  gssize size;

  /* Asked before it is connected, usrsctp takes it for over. */
  if (!(usrsctp_get_events (self->socket) & (SCTP_EVENT_READ | SCTP_EVENT_ERROR)))
    return FALSE;
  size = usrsctp_recvv (self->socket, stack.message, SALON_LIMIT_DATA_MESSAGE_BYTES, NULL, &address_size, &info,
      &info_size, &info_type, &flags);

  if (size <= 0)
    {
      if (size == 0 || errno != EWOULDBLOCK)
        end (self);
      return FALSE;
    }
  if (flags & MSG_NOTIFICATION)
    on_notification (self, (const union sctp_notification *)stack.message, size);
  else if (info_type == SCTP_RECVV_RCVINFO)
    on_data (self, &info, size, (flags & MSG_EOR) != 0);
  return TRUE;
}

static void
unuse (SalonSctp *self)
{
  if (--self->n_users > 0 || self->socket != NULL)
    return;
  g_array_unref (self->resets);
  g_free (self);
}

static void
read_all (SalonSctp *self)
{
  self->n_users++;
  while (self->socket != NULL && self->is_reading && !self->is_over && read_one (self))
    ;
  unuse (self);
}

void
salon_sctp_receive (SalonSctp *self, const guint8 *packet, gsize size)
{
  if (self->socket == NULL || !self->is_connecting)
    return;
  usrsctp_conninput (self->id, packet, size, 0);
  run_ready ();
}

void
salon_sctp_set_reading (SalonSctp *self, gboolean is_reading)
{
  self->is_reading = is_reading;
  if (!is_reading || self->socket == NULL)
    return;
  on_event (self->socket, self, 0);
  run_ready ();
}

/* -- options -- */

static void
set_option (SalonSctp *self, int level, int option, gconstpointer value, gsize size)
{
  if (usrsctp_setsockopt (self->socket, level, option, value, (socklen_t)size) != 0)
    g_error ("usrsctp doesn't know option %d", option);
}

static void
set_flag (SalonSctp *self, int option)
{
  const int on = 1;

  set_option (self, IPPROTO_SCTP, option, &on, sizeof on);
}

/* usrsctp doesn't tell how much waits; but whether it is more than this. */
static void
set_queue_bytes (SalonSctp *self, int bytes)
{
  if (self->queue_bytes == bytes)
    return;
  self->queue_bytes = bytes;
  set_option (self, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* -- sending -- */

SalonSctpResult
salon_sctp_send (SalonSctp *self, const SalonSctpMode *mode, const guint8 *data, gsize size)
{
  struct sctp_sendv_spa spa = { .sendv_flags = SCTP_SEND_SNDINFO_VALID };

  if (self->socket == NULL || !self->is_up || self->is_over)
    return SALON_SCTP_DOWN;
  spa.sendv_sndinfo.snd_sid = mode->stream;
  spa.sendv_sndinfo.snd_ppid = g_htonl (mode->ppid);
  spa.sendv_sndinfo.snd_flags = mode->is_unordered ? SCTP_UNORDERED : 0;
  if (mode->max_retransmits >= 0 || mode->max_lifetime_ms >= 0)
    {
      spa.sendv_flags |= SCTP_SEND_PRINFO_VALID;
      spa.sendv_prinfo.pr_policy = mode->max_retransmits >= 0 ? SCTP_PR_SCTP_RTX : SCTP_PR_SCTP_TTL;
      spa.sendv_prinfo.pr_value = (guint32)(mode->max_retransmits >= 0 ? mode->max_retransmits : mode->max_lifetime_ms);
    }
  set_queue_bytes (self, (spa.sendv_flags & SCTP_SEND_PRINFO_VALID) != 0 ? SALON_LIMIT_DATA_LOSSY_QUEUE_BYTES
                                                                         : SALON_LIMIT_DATA_QUEUE_BYTES);
  if (usrsctp_sendv (self->socket, data, size, NULL, 0, &spa, sizeof spa, SCTP_SENDV_SPA, 0) >= 0)
    return SALON_SCTP_SENT;
  return errno == EWOULDBLOCK ? SALON_SCTP_FULL : SALON_SCTP_DOWN;
}

gboolean
salon_sctp_has_queued (SalonSctp *self, gsize bytes)
{
  if (self->socket == NULL || !self->is_up || self->is_over)
    return FALSE;
  set_queue_bytes (self, (int)bytes);
  return !(usrsctp_get_events (self->socket) & SCTP_EVENT_WRITE);
}

/* What is refused while another request is under way is tried again after that one's answer. */
static void
send_resets (SalonSctp *self)
{
  gsize size = sizeof (struct sctp_reset_streams) + self->resets->len * sizeof (guint16);
  g_autofree struct sctp_reset_streams *request = NULL;

  if (self->resets->len == 0 || self->is_over)
    return;
  request = g_malloc0 (size);
  request->srs_assoc_id = SCTP_ALL_ASSOC;
  request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
  request->srs_number_streams = (guint16)self->resets->len;
  memcpy (request->srs_stream_list, self->resets->data, self->resets->len * sizeof (guint16));
  if (usrsctp_setsockopt (self->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, request, (socklen_t)size) == 0
      || (errno != EAGAIN && errno != EALREADY && errno != EINPROGRESS))
    g_array_set_size (self->resets, 0);
}

void
salon_sctp_reset_stream (SalonSctp *self, guint16 stream)
{
  if (self->socket == NULL || !self->is_up || self->is_over)
    return;
  g_array_append_val (self->resets, stream);
  send_resets (self);
}

/* -- life -- */

static void
configure (SalonSctp *self)
{
  static const int receive_bytes = SALON_LIMIT_DATA_RECEIVE_BYTES;
  static const guint16 events[] = { SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT, SCTP_SHUTDOWN_EVENT };
  const struct linger linger = { .l_onoff = 1 };
  const struct sctp_initmsg streams
      = { .sinit_num_ostreams = SALON_LIMIT_DATA_STREAMS, .sinit_max_instreams = SALON_LIMIT_DATA_STREAMS };
  const struct sctp_assoc_value resets = { SCTP_ALL_ASSOC, SCTP_ENABLE_RESET_STREAM_REQ };

  usrsctp_set_non_blocking (self->socket, 1);
  usrsctp_set_upcall (self->socket, on_event, self);
  /* Closing takes no time: the peer is told, once. */
  set_option (self, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  set_queue_bytes (self, SALON_LIMIT_DATA_QUEUE_BYTES);
  set_option (self, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  set_option (self, IPPROTO_SCTP, SCTP_INITMSG, &streams, sizeof streams);
  set_option (self, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &resets, sizeof resets);
  set_flag (self, SCTP_NODELAY);
  set_flag (self, SCTP_RECVRCVINFO);
  for (guint i = 0; i < G_N_ELEMENTS (events); i++)
    {
      const struct sctp_event event = { SCTP_FUTURE_ASSOC, events[i], 1 };

      set_option (self, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
}

SalonSctp *
salon_sctp_new (const SalonSctpEvents *events, gpointer user_data)
{
  SalonSctp *self = g_new0 (SalonSctp, 1);

  self->events = events;
  self->user_data = user_data;
  self->is_reading = TRUE;
  self->n_users = 1;
  self->resets = g_array_new (FALSE, FALSE, sizeof (guint16));
  join_stack (self);
  self->socket = usrsctp_socket (AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
  if (self->socket == NULL)
    {
      salon_sctp_close (self);
      return NULL;
    }
  configure (self);
  return self;
}

void
salon_sctp_connect (SalonSctp *self)
{
  struct sockaddr_conn address = { .sconn_family = AF_CONN, .sconn_port = g_htons (PORT), .sconn_addr = self->id };
  struct sctp_paddrparams path = { .spp_flags = SPP_PMTUD_DISABLE, .spp_pathmtu = PACKET_BYTES - HEADER_BYTES };

  if (self->socket == NULL || self->is_connecting)
    return;
  self->is_connecting = TRUE;
  if (usrsctp_bind (self->socket, (struct sockaddr *)&address, sizeof address) != 0
      || (usrsctp_connect (self->socket, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS))
    {
      end (self);
      return;
    }
  memcpy (&path.spp_address, &address, sizeof address);
  set_option (self, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

void
salon_sctp_close (SalonSctp *self)
{
  struct socket *socket = g_steal_pointer (&self->socket);

  self->is_over = TRUE;
  if (socket != NULL)
    {
      usrsctp_set_upcall (socket, NULL, NULL);
      usrsctp_close (socket);
    }
  usrsctp_deregister_address (self->id);
  g_hash_table_remove (stack.associations, self->id);
  g_queue_remove (&stack.ready, self);
  unuse (self);
}
