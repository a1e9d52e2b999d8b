#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

#include "cli/printable.hpp"

namespace hatchery::cli {

/// The buffer of a stream that hands on to another one what a terminal may have: whatever a command
/// prints, and whoever wrote it, no control character but tab and line feed gets through, nor what
/// turns the direction of text (see printable()). Every command writes through one. What moves the
/// cursor on purpose goes by control(). Not for several threads.
class TerminalGuard final : public std::streambuf {
public:
    TerminalGuard(std::ostream& sink, Replaced replaced) : sink_(sink), replaced_(replaced) {}
    ~TerminalGuard() override;
    TerminalGuard(const TerminalGuard&) = delete;
    TerminalGuard& operator=(const TerminalGuard&) = delete;

    /// Lets a sequence of ours through as it is.
    void control(std::string_view sequence);

private:
    int_type overflow(int_type c) override;
    std::streamsize xsputn(const char* text, std::streamsize size) override;
    int sync() override;
    void hand_on_held();

    std::ostream& sink_;
    const Replaced replaced_;
    /// The first bytes of a character whose others have not come yet.
    std::string held_;
};

}  // namespace hatchery::cli
