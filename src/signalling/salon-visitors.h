/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* How much comes from which address: connections, WebSockets and downloads at once, requests and joins over time. How
 * much may is told by a number of people: a household, or a school behind one NAT; SALON_LIMIT_PERSON_... is what each
 * of them may.
 *
 * An IPv6 /64 is one address, since every household has a whole one. Loopback addresses are not counted: whoever is on
 * this machine has better ways to harm it. The table is bounded: it keeps those that are held, and of the others the
 * last few thousand. Main context. */
typedef struct _SalonVisitors SalonVisitors;

/* Those of one address. */
typedef struct _SalonVisitor SalonVisitor;

/* max_connections: of all addresses together: one gets at most half. */
SalonVisitors *salon_visitors_new (guint people_per_address, guint max_connections) G_GNUC_WARN_UNUSED_RESULT;
SalonVisitors *salon_visitors_ref (SalonVisitors *self) G_GNUC_WARN_UNUSED_RESULT;
void salon_visitors_unref (SalonVisitors *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonVisitors, salon_visitors_unref)

/* How many addresses are known: for tests. */
guint salon_visitors_count (SalonVisitors *self);

/* Returns: (transfer full) (nullable): NULL for one that is not counted, which may do everything. Keeps the table. */
SalonVisitor *salon_visitors_get (SalonVisitors *self, GInetAddress *address) G_GNUC_WARN_UNUSED_RESULT;
/* self: (nullable) */
void salon_visitor_unref (SalonVisitor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SalonVisitor, salon_visitor_unref)

typedef enum
{
  SALON_VISITOR_CONNECTION,
  SALON_VISITOR_SOCKET,
  SALON_VISITOR_DOWNLOAD,
  SALON_VISITOR_N_PLACES
} SalonVisitorPlace;

/* Takes a place, and a reference, until it is given back with the function of that place. FALSE when there is none
 * left. self: (nullable), as below. */
gboolean salon_visitor_enter (SalonVisitor *self, SalonVisitorPlace place) G_GNUC_WARN_UNUSED_RESULT;
void salon_visitor_leave_connection (gpointer self);
void salon_visitor_leave_socket (gpointer self);
void salon_visitor_leave_download (gpointer self);

/* Takes one of what comes back over time. FALSE when there is none. */
gboolean salon_visitor_take_request (SalonVisitor *self) G_GNUC_WARN_UNUSED_RESULT;
gboolean salon_visitor_take_join (SalonVisitor *self) G_GNUC_WARN_UNUSED_RESULT;
