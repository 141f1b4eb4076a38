/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include "salon-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Since Linux 6.2 and 6.10: the headers of Debian 12 don't know them. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#define ACCESS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define ACCESS_ALL_1 (LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1) /* the 13 of the first version */
#define ACCESS_FILES                                                                                                   \
  (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR                           \
      | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER                      \
      | LANDLOCK_ACCESS_FS_TRUNCATE)

/* A pipeline of 100 elements with a socket each. */
#define MAX_DESCRIPTORS 512

static gboolean
fail (GError **error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "Cannot %s: %s", what, g_strerror (code));
  return FALSE;
}

/* -- limits -- */

static gboolean
set_limit (int resource, rlim_t value, GError **error)
{
  struct rlimit limit;

  if (getrlimit (resource, &limit) != 0)
    return fail (error, errno, "read a limit");
  limit.rlim_max = MIN (limit.rlim_max, value);
  limit.rlim_cur = limit.rlim_max;
  return setrlimit (resource, &limit) == 0 || fail (error, errno, "set a limit");
}

static gboolean
limit_resources (const SalonJobLimits *limits, GError **error)
{
  return set_limit (RLIMIT_CORE, 0, error) && set_limit (RLIMIT_NOFILE, MAX_DESCRIPTORS, error)
         && set_limit (RLIMIT_DATA, (rlim_t)limits->memory_mb * 1024 * 1024, error)
         /* All files together are the keeper's to watch, who finishes them first. */
         && set_limit (RLIMIT_FSIZE, (rlim_t)limits->output_mb * 2 * 1024 * 1024, error);
}

/* -- namespaces -- */

static gboolean
write_file (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  gboolean is_written = fd >= 0 && write (fd, text, strlen (text)) == (gssize)strlen (text);

  if (fd >= 0)
    close (fd);
  return is_written;
}

/* A view of its own on what is mounted, if we may have one: as root, or in a user namespace, as who we are. */
static gboolean
enter_mount_namespace (void)
{
  g_autofree char *uid = g_strdup_printf ("%u %u 1", geteuid (), geteuid ());
  g_autofree char *gid = g_strdup_printf ("%u %u 1", getegid (), getegid ());

  if (unshare (CLONE_NEWNS) != 0
      && (unshare (CLONE_NEWUSER | CLONE_NEWNS) != 0 || !write_file ("/proc/self/uid_map", uid)
          || !write_file ("/proc/self/setgroups", "deny") || !write_file ("/proc/self/gid_map", gid)))
    return FALSE;
  return mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static gboolean
cover (const char *path)
{
  return mount ("none", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0700") == 0;
}

/* Puts what was at this path before it was covered back into its place. fd: opened then. */
static gboolean
uncover (int fd, const char *path)
{
  g_autofree char *source = g_strdup_printf ("/proc/self/fd/%d", fd);

  return g_mkdir_with_parents (path, 0700) == 0 && mount (source, path, NULL, MS_BIND | MS_REC, NULL) == 0;
}

/* Landlock does not keep anybody from Unix sockets that they can name: so that there is nothing to be named, the
 * folders of the server's Redis and of all jobs are covered, but for the two that are this job's. */
static gboolean
hide_sockets (const char *output, const char *scratch, GError **error)
{
  g_autofree char *jobs = g_build_filename (output, "..", "..", NULL);
  g_autofree char *jobs_path = g_canonicalize_filename (jobs, NULL);
  g_autofree char *redis = g_build_filename (jobs_path, "..", "redis", NULL);
  int output_fd, scratch_fd, code;
  gboolean is_done;

  if (!enter_mount_namespace ())
    return TRUE;
  output_fd = open (output, O_PATH | O_DIRECTORY | O_CLOEXEC);
  scratch_fd = open (scratch, O_PATH | O_DIRECTORY | O_CLOEXEC);
  is_done = (cover (redis) || errno == ENOENT) && cover (jobs_path) && uncover (output_fd, output)
            && uncover (scratch_fd, scratch) && chdir (output) == 0;
  code = errno;
  close (output_fd);
  close (scratch_fd);
  return is_done || fail (error, code, "hide what is not the job's");
}

/* -- privileges -- */

static gboolean
drop_privileges (GError **error)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail (error, errno, "promise to gain no privileges");
  return syscall (SYS_capset, &header, none) == 0 || fail (error, errno, "give up privileges");
}

/* -- files -- */

/* What libraries read of the system: programs' data, names and certificates, and the kernel's tables, of which those of
 * other processes that matter are closed to who is in a Landlock domain (its ptrace check). */
static const char *const readable[] = { "/usr", "/lib", "/lib32", "/lib64", "/bin", "/opt", "/proc", "/sys",
  "/etc/alternatives", "/etc/ca-certificates", "/etc/ssl", "/etc/pki", "/etc/gnutls", "/etc/fonts", "/etc/hosts",
  "/etc/host.conf", "/etc/gai.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols",
  "/etc/ld.so.cache", "/etc/localtime", "/etc/machine-id", "/run/systemd/resolve", "/var/cache/fontconfig",
  "/dev/urandom", "/dev/random", "/dev/zero" };

static gboolean
allow (int rules, const char *path, guint64 access)
{
  struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = -1 };
  gboolean is_allowed;
  int code;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return errno == ENOENT || errno == ENOTDIR;
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
  is_allowed = syscall (SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  code = errno;
  close (rule.parent_fd);
  errno = code;
  return is_allowed;
}

static gboolean
allow_plugins (int rules)
{
  static const char *const variables[]
      = { "GST_PLUGIN_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH", "GST_PLUGIN_SYSTEM_PATH_1_0", "LD_LIBRARY_PATH" };

  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i]);
      g_auto (GStrv) paths = g_strsplit (value != NULL ? value : "", G_SEARCHPATH_SEPARATOR_S, -1);

      for (guint j = 0; paths[j] != NULL; j++)
        {
          if (*paths[j] != '\0' && !allow (rules, paths[j], ACCESS_READ))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
allow_all (int rules, const SalonJobLimits *limits, const char *output, const char *scratch, guint64 handled)
{
  guint64 own = handled & (ACCESS_READ | ACCESS_FILES);

  for (guint i = 0; i < G_N_ELEMENTS (readable); i++)
    {
      if (!allow (rules, readable[i], ACCESS_READ))
        return FALSE;
    }
  for (guint i = 0; limits->media_folders[i] != NULL; i++)
    {
      if (!allow (rules, limits->media_folders[i], ACCESS_READ))
        return FALSE;
    }
  return allow_plugins (rules) && allow (rules, output, own) && allow (rules, scratch, own)
         && allow (rules, "/dev/null", LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
}

static guint64
get_handled (int version)
{
  guint64 handled = ACCESS_ALL_1;

  if (version >= 2)
    handled |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3)
    handled |= LANDLOCK_ACCESS_FS_TRUNCATE;
  if (version >= 5)
    handled |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
  return handled;
}

static gboolean
restrict_files (const SalonJobLimits *limits, const char *output, const char *scratch, GError **error)
{
  int version = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
  struct landlock_ruleset_attr attributes = { .handled_access_fs = get_handled (version) };
  gboolean is_done;
  int rules, code;

  if (version < 0 && !limits->needs_sandbox)
    return TRUE;
  if (version < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
          "This kernel has no Landlock, which keeps a job from the files of others: boot it with lsm=landlock,..., or "
          "set job-sandbox=partial in [jobs] to go without");
      return FALSE;
    }
  rules = syscall (SYS_landlock_create_ruleset, &attributes, sizeof attributes.handled_access_fs, 0);
  if (rules < 0)
    return fail (error, errno, "restrict the files");
  is_done = allow_all (rules, limits, output, scratch, attributes.handled_access_fs)
            && syscall (SYS_landlock_restrict_self, rules, 0) == 0;
  code = errno;
  close (rules);
  return is_done || fail (error, code, "restrict the files");
}

/* -- calls -- */

/* What no pipeline has use for. */
static const char *const forbidden[] = { "execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
  "process_vm_writev", "process_madvise", "kcmp", "tkill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "unshare",
  "setns", "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "fsconfig",
  "fsmount", "fspick", "mount_setattr", "swapon", "swapoff", "reboot", "kexec_load", "kexec_file_load", "init_module",
  "finit_module", "delete_module", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
  "io_uring_register", "add_key", "request_key", "keyctl", "syslog", "acct", "quotactl", "quotactl_fd", "nfsservctl",
  "sethostname", "setdomainname", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "stime", "iopl",
  "ioperm", "modify_ldt", "personality", "open_by_handle_at", "name_to_handle_at", "lookup_dcookie", "mknod", "mknodat",
  "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
  "setpriority", "ioprio_set", "vhangup", "fanotify_init", "move_pages", "migrate_pages", "setsid", "setpgid",
  /* What Landlock leaves open: others' files, by name. */
  "truncate", "truncate64", "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "chown32", "lchown32",
  "setxattr", "lsetxattr", "removexattr", "lremovexattr", "utime", "utimes", "futimesat" };

static gboolean
forbid (scmp_filter_ctx filter, int code, const char *name, guint n_conditions, const struct scmp_arg_cmp *conditions)
{
  int number = seccomp_syscall_resolve_name (name);

  /* Of another architecture, or newer than the library. */
  return number == __NR_SCMP_ERROR
         || seccomp_rule_add_array (filter, SCMP_ACT_ERRNO (code), number, n_conditions, conditions) == 0;
}

static gboolean
forbid_processes (scmp_filter_ctx filter)
{
  const struct scmp_arg_cmp no_thread = SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
  const struct scmp_arg_cmp others = SCMP_A0 (SCMP_CMP_NE, (scmp_datum_t)getpid ());
  const struct scmp_arg_cmp named = SCMP_A0 (SCMP_CMP_NE, 0);

  /* Its flags stand in memory, where a filter cannot see them; without it the C library uses clone. */
  return forbid (filter, ENOSYS, "clone3", 0, NULL) && forbid (filter, EPERM, "clone", 1, &no_thread)
         && forbid (filter, EPERM, "kill", 1, &others) && forbid (filter, EPERM, "tgkill", 1, &others)
         && forbid (filter, EPERM, "rt_sigqueueinfo", 1, &others)
         && forbid (filter, EPERM, "rt_tgsigqueueinfo", 1, &others) && forbid (filter, EPERM, "prlimit64", 1, &named)
         && forbid (filter, EPERM, "setrlimit", 0, NULL);
}

static gboolean
forbid_sockets (scmp_filter_ctx filter)
{
  const struct scmp_arg_cmp beyond = SCMP_A0 (SCMP_CMP_GT, AF_NETLINK);
  /* Opening with it needs no right to write before Landlock's third version. */
  const struct scmp_arg_cmp truncating = SCMP_A2 (SCMP_CMP_MASKED_EQ, O_TRUNC | O_ACCMODE, O_TRUNC);

  for (int family = 0; family <= AF_NETLINK; family++)
    {
      const struct scmp_arg_cmp same = SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t)family);

      if (family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK)
        continue;
      if (!forbid (filter, EAFNOSUPPORT, "socket", 1, &same))
        return FALSE;
    }
  return forbid (filter, EAFNOSUPPORT, "socket", 1, &beyond) && forbid (filter, EPERM, "openat", 1, &truncating);
}

static gboolean
restrict_calls (GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);
  gboolean is_done = filter != NULL && forbid_processes (filter) && forbid_sockets (filter);
  int result = -EINVAL;

  for (guint i = 0; is_done && i < G_N_ELEMENTS (forbidden); i++)
    is_done = forbid (filter, EPERM, forbidden[i], 0, NULL);
  if (is_done)
    result = seccomp_load (filter);
  seccomp_release (filter);
  return result == 0 || fail (error, -result, "restrict the system calls");
}

gboolean
salon_sandbox_enter (const SalonJobLimits *limits, const char *output, const char *scratch, GError **error)
{
  return limit_resources (limits, error) && hide_sockets (output, scratch, error) && drop_privileges (error)
         && restrict_files (limits, output, scratch, error) && restrict_calls (error);
}
