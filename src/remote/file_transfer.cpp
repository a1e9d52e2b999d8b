#include "remote/file_transfer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "remote/shell_quote.hpp"

namespace hatchery::remote {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
constexpr std::uint64_t progress_bytes = std::uint64_t{4} << 20U;

/// A path that no command takes for an option.
std::string quoted_path(const std::string& path) {
    return shell_quote(path.starts_with('-') ? "./" + path : path);
}

/// The part's name follows the wanted sum, so that one file's half never becomes another's.
std::string part_of(const ports::FileUpload& file) {
    return file.remote_path + "." + file.sha256.substr(0, 16) + ".part";
}

}  // namespace

std::string put_command(const std::string& path, int mode, std::size_t bytes) {
    return fmt::format(
        "umask 077\n"
        "f={}\n"
        "d=$(dirname \"$f\") && mkdir -p \"$d\" && t=$(mktemp \"$f.XXXXXX\") || exit 1\n"
        "if cat >\"$t\" && [ \"$(wc -c <\"$t\")\" -eq {} ] && chmod {:04o} \"$t\" &&\n"
        "  mv -fT \"$t\" \"$f\"; then exit 0; fi\n"
        "rm -f \"$t\"\n"
        "exit 1\n",
        quoted_path(path), bytes, mode);
}

std::string upload_probe_command(const ports::FileUpload& file, std::uint64_t size) {
    return fmt::format(
        "f={}\n"
        "p={}\n"
        "if [ -f \"$f\" ] && echo {}'  '\"$f\" | sha256sum -c --status -; then\n"
        "  chmod {:04o} \"$f\" && rm -f \"$p\" \"$p.pid\"\n"
        "  echo done\n"
        "else\n"
        "  n=$(stat -c %s \"$p\" 2>/dev/null || echo 0)\n"
        "  if [ \"$n\" -gt {} ]; then rm -f \"$p\" && n=0; fi\n"
        "  echo \"$n\"\n"
        "fi\n",
        quoted_path(file.remote_path), quoted_path(part_of(file)), shell_quote(file.sha256),
        file.mode, size);
}

Result<std::optional<std::uint64_t>> read_upload_probe(std::string_view printed,
                                                       std::uint64_t size) {
    if (printed == "done\n") return std::nullopt;
    std::uint64_t length = 0;
    const char* end = printed.data() + printed.size();
    const auto [stopped, wrong] = std::from_chars(printed.data(), end, length);
    if (wrong != std::errc{} || std::string_view(stopped, end) != "\n" || length > size) {
        return fail(ErrorKind::bad_response,
                    "the server said nothing sensible about an earlier upload");
    }
    return length;
}

std::string upload_command(const ports::FileUpload& file, std::uint64_t offset,
                           std::uint64_t size) {
    // A transfer whose connection died silently still holds the part: its process group is ended
    // before this one appends. The lock makes sure that it is gone.
    return fmt::format(
        "umask 077\n"
        "f={}\n"
        "p={}\n"
        "mkdir -p \"$(dirname \"$f\")\" || exit 1\n"
        "o=$(cat \"$p.pid\" 2>/dev/null)\n"
        "if [ -n \"$o\" ] && grep -qsF {} \"/proc/$o/cmdline\"; then\n"
        "  kill -9 -- \"-$o\" 2>/dev/null || kill -9 \"$o\" 2>/dev/null\n"
        "fi\n"
        "exec 9>>\"$p\"\n"
        "flock -w 5 9 || exit {}\n"
        "echo $$ >\"$p.pid\"\n"
        "[ \"$(stat -c %s \"$p\")\" -eq {} ] || exit {}\n"
        "s=$({{ cat \"$p\" && tee -a \"$p\"; }} | sha256sum)\n"
        "[ \"$(stat -c %s \"$p\")\" -eq {} ] || exit {}\n"
        "rm -f \"$p.pid\"\n"
        "if [ \"${{s%% *}}\" != {} ]; then rm -f \"$p\"; exit {}; fi\n"
        "chmod {:04o} \"$p\" && mv -fT \"$p\" \"$f\"\n",
        quoted_path(file.remote_path), quoted_path(part_of(file)),
        shell_quote(file.sha256.substr(0, 16)), int{upload_busy}, offset, int{upload_moved_on},
        size, int{upload_cut_short}, shell_quote(file.sha256), int{upload_wrong_sum}, file.mode);
}

Result<FileInput> FileInput::open(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about{};
    if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
        const int code = errno;
        return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::invalid,
                    fmt::format("cannot read {}: {}", path, std::generic_category().message(code)));
    }
    if (!S_ISREG(about.st_mode)) {
        return fail(ErrorKind::invalid, fmt::format("{} is not a file", path));
    }
    return FileInput(std::move(fd), static_cast<std::uint64_t>(about.st_size));
}

NextInput FileInput::from(std::uint64_t offset,
                          const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    buffer_.resize(piece_bytes);
    return [this, &progress, at = offset, told = offset]() mutable -> Result<std::string_view> {
        if (progress && (at - told >= progress_bytes || (at == size_ && told != at))) {
            progress(at, size_);
            told = at;
        }
        ssize_t got = 0;
        do {
            got = ::pread(fd_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(at));
        } while (got < 0 && errno == EINTR);
        if (got < 0) return fail(ErrorKind::internal, "cannot read the file that is being sent");
        at += static_cast<std::uint64_t>(got);
        return std::string_view(buffer_.data(), static_cast<std::size_t>(got));
    };
}

}  // namespace hatchery::remote
