// SPDX-License-Identifier: Apache-2.0
#include <thrust/sort.h>
#include <ucp/api/ucp.h>
