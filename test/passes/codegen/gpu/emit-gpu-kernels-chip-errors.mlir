// RUN: bcssl-opt %s --verify-diagnostics=only-expected --bcssl-emit-gpu-kernels=chip=sm_75
// RUN: not bcssl-opt %s --bcssl-emit-gpu-kernels=chip= 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not bcssl-opt %s --bcssl-nvvm=chip=sm_90x 2>&1 | FileCheck %s --check-prefix=LETTER

// NONE: error: expects one of the chips sm_80, sm_86, {{.*}}, sm_120a, got ''
// LETTER: error: expects one of the chips {{.*}}, got 'sm_90x'

// expected-error @below {{expects one of the chips sm_80, sm_86, sm_87, sm_89, sm_90, sm_90a, sm_100, sm_100a, sm_120, sm_120a, got 'sm_75'}}
module {
}
