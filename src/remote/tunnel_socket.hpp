#pragma once

#include <string>

#include "base/result.hpp"
#include "remote/unique_fd.hpp"

namespace hatchery::remote {

/// A listening unix socket in a folder of its own (0700), both removed in the end. Folders that
/// killed processes of this user left are removed when a new one is made.
class TunnelSocket {
public:
    /// `parent` empty: $XDG_RUNTIME_DIR if it is a folder, else /tmp. `internal` on failure.
    [[nodiscard]] static base::Result<TunnelSocket> make(const std::string& parent);
    TunnelSocket(TunnelSocket&& other) noexcept;
    TunnelSocket& operator=(TunnelSocket&&) = delete;
    ~TunnelSocket();

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Connecting fails from now on.
    void close();

private:
    TunnelSocket(std::string folder, std::string path, UniqueFd fd);
    std::string folder_;
    std::string path_;
    UniqueFd fd_;
};

}  // namespace hatchery::remote
