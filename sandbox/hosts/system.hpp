#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/hosts/result.hpp"

namespace hatchery::sandbox {

/// "what: No such file or directory", from the calling thread's errno.
std::string errno_sentence(std::string_view what);

enum class OutputTo { caller, standard_error };

/// Runs a program from the search path with `input` on its standard input and waits for its end.
/// The child gets no other descriptor and the default signal set, and runs in the namespaces of the
/// calling thread. Standard output and error are collected for the failure's sentence, or passed on
/// to this process' standard error. Fails when it cannot start or does not exit with 0.
Result<void> run_command(const std::vector<std::string>& arguments, std::string_view input = {},
                         OutputTo output = OutputTo::caller);

/// The whole file; fails when it cannot be read.
Result<std::string> read_file(const std::filesystem::path& path);

/// Replaces the file's content, making it with `mode` when it is not there. One write call, as
/// control files of the kernel want it.
Result<void> write_file(const std::filesystem::path& path, std::string_view content,
                        unsigned mode = 0644);

/// To be called in a child between fork and exec: default signals, nothing blocked, no descriptors
/// beyond the standard three.
void reset_child_state();

/// A mount call that names what failed.
Result<void> mount_checked(const std::string& source, const std::string& target,
                           const std::string& type, unsigned long flags, const std::string& data);

}  // namespace hatchery::sandbox
