#include "api/stream_seats.hpp"

#include <utility>

namespace hatchery::api {

struct StreamSeats::Count {
    mutable std::mutex mutex;
    std::size_t all = 0;
    std::map<std::string, std::size_t> of_user;
};

class StreamSeats::Seat {
public:
    Seat(std::shared_ptr<Count> count, std::string user)
        : count_(std::move(count)), user_(std::move(user)) {}
    ~Seat() {
        const std::lock_guard lock(count_->mutex);
        --count_->all;
        const auto found = count_->of_user.find(user_);
        if (--found->second == 0) count_->of_user.erase(found);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

private:
    const std::shared_ptr<Count> count_;
    const std::string user_;
};

StreamSeats::StreamSeats(StreamLimits limits)
    : limits_(limits), count_(std::make_shared<Count>()) {}

StreamSeats::Taken StreamSeats::take(const std::string& user, std::shared_ptr<Seat>& seat) {
    {
        const std::lock_guard lock(count_->mutex);
        if (count_->all >= limits_.all) return Taken::house_full;
        auto& mine = count_->of_user[user];
        if (mine >= limits_.per_user) {
            if (mine == 0) count_->of_user.erase(user);
            return Taken::user_full;
        }
        ++mine;
        ++count_->all;
    }
    seat = std::make_shared<Seat>(count_, user);
    return Taken::yes;
}

std::size_t StreamSeats::taken() const {
    const std::lock_guard lock(count_->mutex);
    return count_->all;
}

}  // namespace hatchery::api
