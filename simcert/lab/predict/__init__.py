"""`predict`: which clients a new certificate breaks, why, and what to do, before anyone sees it."""

from simcert.lab.predict.forecasts import Forecast, Meeting, forecast, moment, write_page

__all__ = ["Forecast", "Meeting", "forecast", "moment", "write_page"]
