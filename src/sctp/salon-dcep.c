/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "salon-dcep.h"

#include <string.h>

#include "salon-limits.h"

/* RFC 8832 section 5.1. */
enum
{
  TYPE_RELIABLE = 0x00,
  TYPE_RETRANSMITS = 0x01,
  TYPE_LIFETIME = 0x02,
  TYPE_UNORDERED = 0x80,
};
#define OPEN_BYTES 12
/* "Normal": section 6.4 of RFC 8831. */
#define PRIORITY 256

void
salon_dcep_open_clear (SalonDcepOpen *self)
{
  g_clear_pointer (&self->label, g_free);
  g_clear_pointer (&self->protocol, g_free);
}

gboolean
salon_dcep_open_read (SalonDcepOpen *self, const guint8 *data, gsize size)
{
  guint label_size, protocol_size, type;
  gboolean is_unordered;
  gint parameter;

  *self = (SalonDcepOpen){ .max_retransmits = -1, .max_lifetime_ms = -1 };
  if (size < OPEN_BYTES || data[0] != SALON_DCEP_OPEN)
    return FALSE;
  type = data[1] & ~TYPE_UNORDERED;
  is_unordered = (data[1] & TYPE_UNORDERED) != 0;
  /* Larger ones are longer than any call. */
  parameter = (gint)MIN ((guint32)data[4] << 24 | data[5] << 16 | data[6] << 8 | data[7], G_MAXINT);
  label_size = data[8] << 8 | data[9];
  protocol_size = data[10] << 8 | data[11];
  data += OPEN_BYTES;
  if (type > TYPE_LIFETIME || label_size > SALON_LIMIT_DATA_LABEL_BYTES || protocol_size > SALON_LIMIT_DATA_LABEL_BYTES
      || size != OPEN_BYTES + (gsize)label_size + protocol_size
      || !g_utf8_validate_len ((const char *)data + label_size, protocol_size, NULL)
      || !g_utf8_validate_len ((const char *)data, label_size, NULL))
    return FALSE;
  self->is_unordered = is_unordered;
  if (type == TYPE_RETRANSMITS)
    self->max_retransmits = parameter;
  else if (type == TYPE_LIFETIME)
    self->max_lifetime_ms = parameter;
  self->label = g_strndup ((const char *)data, label_size);
  self->protocol = g_strndup ((const char *)data + label_size, protocol_size);
  return TRUE;
}

GByteArray *
salon_dcep_open_write (const SalonDcepOpen *self)
{
  GByteArray *out = g_byte_array_new ();
  guint label_size = (guint)strlen (self->label), protocol_size = (guint)strlen (self->protocol);
  guint32 parameter = (guint32)MAX (0, MAX (self->max_retransmits, self->max_lifetime_ms));
  guint8 type = self->max_retransmits >= 0   ? TYPE_RETRANSMITS
                : self->max_lifetime_ms >= 0 ? TYPE_LIFETIME
                                             : TYPE_RELIABLE;
  const guint8 head[OPEN_BYTES] = { SALON_DCEP_OPEN, type | (self->is_unordered ? TYPE_UNORDERED : 0), PRIORITY >> 8,
    PRIORITY & 0xff, parameter >> 24, (parameter >> 16) & 0xff, (parameter >> 8) & 0xff, parameter & 0xff,
    label_size >> 8, label_size & 0xff, protocol_size >> 8, protocol_size & 0xff };

  g_byte_array_append (out, head, sizeof head);
  g_byte_array_append (out, (const guint8 *)self->label, label_size);
  g_byte_array_append (out, (const guint8 *)self->protocol, protocol_size);
  return out;
}
