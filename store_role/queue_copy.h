/* SPDX-License-Identifier: ISC */
/* What the message of a file of the queue begins with, and copies of it. */
#ifndef STORE_ROLE_QUEUE_COPY_H
#define STORE_ROLE_QUEUE_COPY_H

#include <stdbool.h>
#include <stdint.h>

/* Octets of a Return-Path line in front; 0: there is none. */
uint64_t queue_return_path(int fd);
/* From octet `at` to octet `size`, behind what `to` has; false with errno. */
bool queue_copy(int from, uint64_t at, int to, uint64_t size);

#endif
