//===- Signals.h - stop requests from outside -------------------*- C++ -*-===//
//
// SIGINT, SIGTERM, SIGHUP and SIGUSR1 (which batch systems send before a time
// limit) ask a run to stop with its work saved. A handler only sets a flag; the
// run looks at it, or waits on a descriptor. A second request ends the process
// at once.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_REPORT_SIGNALS_H
#define BCSSL_RUNTIME_REPORT_SIGNALS_H

#include "runtime/base/Status.h"

namespace bcssl {

class StopSignals {
public:
  /// Installs the handlers and ignores SIGPIPE, so that a closed pipe becomes
  /// an error of write(). Leaves a signal alone that the parent has us ignore
  /// (nohup). May be called again. Errors: "signals" (NoResource).
  static Status install();

  /// The first signal that came, 0 for none. Safe from any thread.
  static int received();

  /// Becomes readable with the first signal; for poll(). Never read it.
  static int descriptor();

  /// Forgets what came, for tests.
  static void reset();
};

/// "SIGTERM" and so on.
const char *signalName(int signal);

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_SIGNALS_H
