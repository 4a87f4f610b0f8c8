#include "http/feeds.h"

#include <algorithm>

namespace keyledger::http {

class Feeds::Place {
 public:
  Place(Feeds& all, const Holder& holder) : all_(all), holder_(holder) {}
  ~Place() { all_.give_back(holder_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  Feeds& all_;
  const Holder holder_;
};

Result<std::shared_ptr<const Feeds::Place>> Feeds::take(const WorkspaceId& workspace,
                                                        const MemberId& member) {
  const Holder holder{workspace, member};
  {
    const std::lock_guard lock(mutex_);
    const auto open = [&](auto of) {
      return static_cast<std::size_t>(std::count_if(open_.begin(), open_.end(), of));
    };
    if (open([&](const Holder& one) { return one == holder; }) >= options_.of_member) {
      return fail(ErrorCode::kRateLimited,
                  "This member has as many feeds and exports open as it may have: " +
                      std::to_string(options_.of_member) + '.');
    }
    if (open([&](const Holder& one) { return one.workspace == workspace; }) >=
        options_.of_workspace) {
      return fail(ErrorCode::kRateLimited,
                  "This workspace has as many feeds and exports open as it may have: " +
                      std::to_string(options_.of_workspace) + '.');
    }
    if (open_.size() >= options_.in_all) {
      return fail(ErrorCode::kOverloaded, "Too many feeds and exports are open. Try again later.");
    }
    open_.push_back(holder);
  }
  return std::make_shared<const Place>(*this, holder);
}

void Feeds::give_back(const Holder& holder) {
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), holder));
}

}  // namespace keyledger::http
