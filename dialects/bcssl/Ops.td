//===- Ops.td - all operations of the dialect ------------------*- tablegen -*-===//

include "dialects/bcssl/Collective.td"
include "dialects/bcssl/Contract.td"
include "dialects/bcssl/Conv.td"
include "dialects/bcssl/Kernel.td"
include "dialects/bcssl/Loss.td"
include "dialects/bcssl/Movement.td"
include "dialects/bcssl/Norm.td"
include "dialects/bcssl/Pointwise.td"
include "dialects/bcssl/Random.td"
include "dialects/bcssl/State.td"
