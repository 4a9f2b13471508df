/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "unit/unit.h"
#include "unit/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int decode_exact(const struct family *family, const struct nlmsghdr *nlh, struct socket *sk,
		 uint64_t *bad, void **copy)
{
	*copy = malloc(nlh->nlmsg_len);
	assert_non_null(*copy);
	memcpy(*copy, nlh, nlh->nlmsg_len);
	memset(sk, 0xa5, sizeof(*sk));
	*bad = 0;
	return family->decode(*copy, sk, bad);
}

struct socket decode(const struct family *family, const struct nlmsghdr *nlh, uint64_t bad)
{
	struct socket sk;
	uint64_t counted;
	void *copy;

	assert_int_equal(decode_exact(family, nlh, &sk, &counted, &copy), 0);
	assert_int_equal(counted, bad);
	free(copy);
	return sk;
}

void check_short(const struct family *family, struct nlmsghdr *nlh, size_t head)
{
	struct socket sk;
	uint64_t bad;
	void *copy;

	for (uint32_t len = sizeof(*nlh); len < NLMSG_LENGTH(head); len++) {
		nlh->nlmsg_len = len;
		assert_int_equal(decode_exact(family, nlh, &sk, &bad, &copy), -EBADMSG);
		free(copy);
	}
	nlh->nlmsg_len = (uint32_t)NLMSG_LENGTH(head);
	assert_int_equal(decode_exact(family, nlh, &sk, &bad, &copy), 0);
	free(copy);
}
