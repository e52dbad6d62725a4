//===- ToolSetup.h - what every tool needs of its process -------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_BASE_TOOLSETUP_H
#define BCSSL_RUNTIME_BASE_TOOLSETUP_H

#include <string>

namespace bcssl {

/// Makes the limits of a process errors instead of silence or death: a file
/// size limit becomes EFBIG of write() (SIGXFSZ is ignored, in children too),
/// and a standard output that could not be written ends the process with exit
/// code 74 and a message, as coreutils' close_stdout does. Flags::parse calls
/// it; further calls only change the name in the message.
void setUpTool(const std::string &name);

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_TOOLSETUP_H
