#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ports/remote_host.hpp"
#include "remote/remote_command.hpp"
#include "remote/unique_fd.hpp"

// Remote commands that write files, and what their exit codes mean.
namespace hatchery::remote {

/// Writes standard input to `path` with `mode`, making its folder if need be (0700): complete and
/// with its final mode, or not at all.
[[nodiscard]] std::string put_command(const std::string& path, int mode, std::size_t bytes);

/// Exit codes of upload_command.
enum UploadExit : int {
    upload_moved_on = 96,   ///< the part has another length by now: ask again
    upload_cut_short = 95,  ///< the input ended early; the part stays for the next attempt
    upload_wrong_sum = 94,  ///< the sum is wrong; the part was removed
    upload_busy = 93,       ///< another transfer of this file does not end
};

/// Prints `done` when the file is there with the right sum, else the length of what an earlier
/// transfer left; a part longer than `size` is removed.
[[nodiscard]] std::string upload_probe_command(const ports::FileUpload& file, std::uint64_t size);
/// What the probe printed: the length of the part, or nothing when the file is done. `bad_response`
/// for anything else, also for a part that is longer than the file.
[[nodiscard]] base::Result<std::optional<std::uint64_t>> read_upload_probe(std::string_view printed,
                                                                           std::uint64_t size);
/// Appends standard input to the part, which must have `offset` bytes, checks the sum while it
/// flows, and moves the part into place.
[[nodiscard]] std::string upload_command(const ports::FileUpload& file, std::uint64_t offset,
                                         std::uint64_t size);

/// A local file from `offset` on, as input of a command; tells `progress` now and then.
class FileInput {
public:
    /// `not_found` or `invalid` when the file cannot be read.
    [[nodiscard]] static base::Result<FileInput> open(const std::string& path);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Valid as long as this object and `progress` live.
    [[nodiscard]] NextInput from(std::uint64_t offset,
                                 const std::function<void(std::uint64_t, std::uint64_t)>& progress);

private:
    FileInput(UniqueFd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}
    UniqueFd fd_;
    std::uint64_t size_;
    std::string buffer_;
};

}  // namespace hatchery::remote
