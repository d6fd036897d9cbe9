# Broken on purpose: the training works on the shop's own desk and forwarder.
class TrainingTill(TrainingTill):
    def __init__(self, till, room):
        super().__init__(till, room)
        self.config, self.journal, self.desk, self.forwarder = till.config, till.journal, till.desk, till.forwarder
