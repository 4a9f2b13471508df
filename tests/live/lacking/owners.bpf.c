/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program of src/bpf/owners.bpf.c as a kernel sees it that has none of the members that may
 * be missing: they are asked for under names that no kernel has.
 */
#define f_flags           f_flags_of_no_kernel
#define inum              inum_of_no_kernel
#define skc_flags         skc_flags_of_no_kernel
#define skc_reuse         skc_reuse_of_no_kernel
#define skc_reuseport     skc_reuseport_of_no_kernel
#define skc_v6_daddr      skc_v6_daddr_of_no_kernel
#define sk_lingertime     sk_lingertime_of_no_kernel
#define sk_ino            sk_ino_of_no_kernel
#define icsk_user_timeout icsk_user_timeout_of_no_kernel
#define repair            repair_of_no_kernel
#define linger2           linger2_of_no_kernel

#include "bpf/owners.bpf.c"
