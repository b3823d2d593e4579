/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything that libtralo offers. */
#ifndef TRALO_H
#define TRALO_H

#include "tralo/comm.h"
#include "tralo/error.h"
#include "tralo/plugin.h"
#include "tralo/study.h"

#endif
