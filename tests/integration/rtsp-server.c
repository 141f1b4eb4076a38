/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An RTSP server, as cameras and media servers have one, of GStreamer's own library:
 *
 *   rtsp-server FILE
 *
 * prints its port. /door is to be played: white, and a tone. Of what is published at /record, sound and picture are
 * written to FILE.0 and FILE.1. Both take the password of ann. */
#include <gst/rtsp-server/rtsp-server.h>

#define PASSWORD "open-sesame"

static void
add_door (GstRTSPMountPoints *mounts)
{
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();

  gst_rtsp_media_factory_set_launch (factory,
      "( videotestsrc is-live=true pattern=white ! video/x-raw,format=I420,width=160,height=120,framerate=15/1 ! "
      "x264enc "
      "tune=zerolatency key-int-max=15 ! rtph264pay name=pay0 pt=96 config-interval=-1 audiotestsrc is-live=true ! "
      "audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1 pt=8 )");
  gst_rtsp_media_factory_add_role (factory, "ann", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
      GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
  gst_rtsp_mount_points_add_factory (mounts, "/door", factory);
}

static void
add_record (GstRTSPMountPoints *mounts, const char *path)
{
  GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new ();
  /* Sound and picture in whatever order. */
  g_autofree char *launch = g_strdup_printf ("( parsebin name=depay0 ! matroskamux streamable=true ! filesink "
                                             "location=\"%s.0\" buffer-mode=unbuffered async=false "
                                             "parsebin name=depay1 ! matroskamux streamable=true ! filesink "
                                             "location=\"%s.1\" buffer-mode=unbuffered async=false )",
      path, path);

  gst_rtsp_media_factory_set_launch (factory, launch);
  gst_rtsp_media_factory_set_transport_mode (factory, GST_RTSP_TRANSPORT_MODE_RECORD);
  gst_rtsp_media_factory_add_role (factory, "ann", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
      GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
  gst_rtsp_mount_points_add_factory (mounts, "/record", factory);
}

static void
set_password (GstRTSPServer *server)
{
  g_autoptr (GstRTSPAuth) auth = gst_rtsp_auth_new ();
  g_autoptr (GstRTSPToken) ann = gst_rtsp_token_new (GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "ann", NULL);
  g_autofree char *basic = gst_rtsp_auth_make_basic ("ann", PASSWORD);

  gst_rtsp_auth_add_basic (auth, basic, ann);
  gst_rtsp_server_set_auth (server, auth);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GstRTSPServer) server = NULL;
  g_autoptr (GstRTSPMountPoints) mounts = NULL;

  gst_init (&argc, &argv);
  if (argc != 2)
    return 64;
  server = gst_rtsp_server_new ();
  gst_rtsp_server_set_address (server, "127.0.0.1");
  gst_rtsp_server_set_service (server, "0");
  set_password (server);
  mounts = gst_rtsp_server_get_mount_points (server);
  add_door (mounts);
  add_record (mounts, argv[1]);
  if (gst_rtsp_server_attach (server, NULL) == 0)
    return 1;
  g_print ("%d\n", gst_rtsp_server_get_bound_port (server));
  g_main_loop_run (loop);
  return 0;
}
