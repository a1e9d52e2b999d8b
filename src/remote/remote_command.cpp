#include "remote/remote_command.hpp"

#include <libssh2.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace hatchery::remote {

namespace {

using base::Error;
using base::Result;
using ports::ExecResult;

/// One command under way. Each step does what is possible without waiting.
class RunningCommand {
public:
    RunningCommand(SshSession& session, SshChannel* channel, const RemoteCommand& command)
        : session_(session), channel_(channel), command_(command), buffer_(32U << 10U) {}

    Result<ExecResult> run(const CallWait& wait) {
        for (;;) {
            auto moved = step();
            if (!moved) return failed(moved.error());
            if (closed_) break;
            if (*moved) continue;
            if (auto ready = session_.wait(wait); !ready) return failed(ready.error());
        }
        if (auto ended = take_exit(wait); !ended) return failed(ended.error());
        return std::move(result_);
    }

private:
    enum class Act : std::uint8_t {
        start,
        send_input,
        prepare_next,
        read_out,
        read_err,
        notice_end,
    };

    /// Does what is possible without waiting; `false` asks for a wait.
    Result<bool> step() {
        if (half_written_) return perform(*half_written_);
        bool moved = false;
        for (const Act act : {Act::start, Act::send_input, Act::prepare_next, Act::read_out,
                              Act::read_err, Act::notice_end}) {
            auto done = perform(act);
            if (!done) return done;
            moved = moved || *done;
            if (half_written_ || closed_) break;
        }
        return moved;
    }

    /// `true` when the act got on. After a packet that is half written, libssh2 takes nothing
    /// else than the same act again.
    Result<bool> perform(Act act) {
        const long code = attempt(act);
        if (input_error_) return base::fail(std::move(*input_error_));
        const bool waits = code == LIBSSH2_ERROR_EAGAIN;
        half_written_.reset();
        if (waits && session_.blocked_in_write()) half_written_ = act;
        if (code < 0 && !waits) {
            return base::fail(session_.error(static_cast<int>(code), "a remote command"));
        }
        return code > 0;
    }

    /// 1: got on; 0: nothing to do; else libssh2's code.
    long attempt(Act act) {
        switch (act) {
            case Act::start:
                return start();
            case Act::send_input:
                return send_input();
            case Act::prepare_next:
                return prepare_next();
            case Act::read_out:
                return accepted_ ? receive(0, result_.out) : 0;
            case Act::read_err:
                return accepted_ ? receive(SSH_EXTENDED_DATA_STDERR, result_.err) : 0;
            case Act::notice_end:
                return notice_end();
        }
        return LIBSSH2_ERROR_INVAL;
    }

    long start() {
        if (accepted_) return 0;
        const int code =
            libssh2_channel_process_startup(channel_, "exec", 4, command_.command.data(),
                                            static_cast<unsigned>(command_.command.size()));
        asked_ = true;
        accepted_ = code == 0;
        return accepted_ ? 1 : code;
    }

    long send_input() {
        if (input_ended_) return 0;
        if (piece_.empty() && !at_end_) {
            auto next = command_.input ? command_.input() : Result<std::string_view>{};
            if (!next) {
                input_error_ = std::move(next.error());
                return LIBSSH2_ERROR_FILE;
            }
            piece_ = *next;
            at_end_ = piece_.empty();
        }
        if (at_end_) {
            const int code = libssh2_channel_send_eof(channel_);
            input_ended_ = code == 0;
            return input_ended_ ? 1 : code;
        }
        const ssize_t sent = libssh2_channel_write(channel_, piece_.data(), piece_.size());
        if (sent > 0) piece_.remove_prefix(static_cast<std::size_t>(sent));
        return sent > 0 ? 1 : sent;
    }

    /// The next command's channel is asked for while this one runs, so that even a command that
    /// follows at once finds it open.
    long prepare_next() {
        if (!input_ended_ || (prepared_ && half_written_ != Act::prepare_next)) return 0;
        prepared_ = true;
        if (!session_.prepare_channel()) return LIBSSH2_ERROR_SOCKET_DISCONNECT;
        return session_.blocked_in_write() ? LIBSSH2_ERROR_EAGAIN : 0;
    }

    long receive(int stream, std::string& into) {
        const ssize_t got =
            libssh2_channel_read_ex(channel_, stream, buffer_.data(), buffer_.size());
        if (got <= 0) return got;
        const std::size_t room = command_.max_output_bytes - into.size();
        into.append(buffer_.data(), std::min(room, static_cast<std::size_t>(got)));
        return 1;
    }

    long notice_end() {
        if (!accepted_ || libssh2_channel_eof(channel_) != 1) return 0;
        const int code = libssh2_channel_wait_closed(channel_);
        closed_ = code == 0;
        return closed_ ? 1 : code;
    }

    Result<void> take_exit(const CallWait& wait) {
        result_.exit_code = libssh2_channel_get_exit_status(channel_);
        char* signal = nullptr;
        std::size_t length = 0;
        libssh2_channel_get_exit_signal(channel_, &signal, &length, nullptr, nullptr, nullptr,
                                        nullptr);
        if (signal != nullptr) {
            result_.signal.assign(signal, length);
            libssh2_free(session_.raw(), signal);
        }
        for (;;) {
            const int code = libssh2_channel_free(channel_);
            if (code == 0) return {};
            if (code != LIBSSH2_ERROR_EAGAIN) {
                return base::fail(session_.error(code, "closing a channel"));
            }
            if (auto ready = session_.wait(wait); !ready) return ready;
        }
    }

    tl::unexpected<Error> failed(Error error) const {
        error.effect = asked_ ? base::Effect::unknown : base::Effect::none;
        return base::fail(std::move(error));
    }

    SshSession& session_;
    SshChannel* channel_;
    const RemoteCommand& command_;
    std::vector<char> buffer_;
    ExecResult result_;
    std::string_view piece_;
    /// The act that must be repeated before any other.
    std::optional<Act> half_written_;
    std::optional<Error> input_error_;
    bool at_end_ = false;       ///< the source has no more input
    bool input_ended_ = false;  ///< and the server was told so
    bool asked_ = false;        ///< the request may have left
    bool accepted_ = false;     ///< the server has started the command
    bool prepared_ = false;     ///< the next command's channel was asked for
    bool closed_ = false;       ///< the server has closed the channel: the command has ended
};

}  // namespace

NextInput input_of(std::string_view text) {
    return [text]() mutable -> Result<std::string_view> { return std::exchange(text, {}); };
}

Result<ExecResult> run_command(SshSession& session, SshChannel* channel,
                               const RemoteCommand& command, const CallWait& wait) {
    return RunningCommand(session, channel, command).run(wait);
}

}  // namespace hatchery::remote
