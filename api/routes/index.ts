/** Owns the list of all routes: what is not here does not exist. */
import type { Route } from '../kit/route.ts';
import { createApiKey } from './api-keys/create-api-key.ts';
import { getApiKey } from './api-keys/get-api-key.ts';
import { listApiKeys } from './api-keys/list-api-keys.ts';
import { revokeApiKey } from './api-keys/revoke-api-key.ts';
import { createApprovalSubstitute } from './approval-substitutes/create-approval-substitute.ts';
import { deleteApprovalSubstitute } from './approval-substitutes/delete-approval-substitute.ts';
import { getApprovalSubstitute } from './approval-substitutes/get-approval-substitute.ts';
import { listApprovalSubstitutes } from './approval-substitutes/list-approval-substitutes.ts';
import { createAttachment } from './attachments/create-attachment.ts';
import { deleteAttachment } from './attachments/delete-attachment.ts';
import { getAttachment } from './attachments/get-attachment.ts';
import { getAttachmentContent } from './attachments/get-attachment-content.ts';
import { exportAudit } from './audit/export-audit.ts';
import { listAudit } from './audit/list-audit.ts';
import { createBankAccount } from './bank-accounts/create-bank-account.ts';
import { listBankAccounts } from './bank-accounts/list-bank-accounts.ts';
import { updateBankAccount } from './bank-accounts/update-bank-account.ts';
import { adjustItem } from './billable-items/adjust-item.ts';
import { creditItems } from './billable-items/credit-items.ts';
import { getBillableItem } from './billable-items/get-billable-item.ts';
import { holdItems } from './billable-items/hold-items.ts';
import { listBillableItems } from './billable-items/list-billable-items.ts';
import { releaseItems } from './billable-items/release-items.ts';
import { writeOffItems } from './billable-items/write-off-items.ts';
import { approveBillingRun } from './billing-runs/approve-billing-run.ts';
import { cancelBillingRun } from './billing-runs/cancel-billing-run.ts';
import { createBillingRun } from './billing-runs/create-billing-run.ts';
import { getBillingRun } from './billing-runs/get-billing-run.ts';
import { listBillingRuns } from './billing-runs/list-billing-runs.ts';
import { listRunPulls } from './billing-runs/list-run-pulls.ts';
import { previewBillingRun } from './billing-runs/preview-billing-run.ts';
import { rejectBillingRun } from './billing-runs/reject-billing-run.ts';
import { runBillingRunAgain } from './billing-runs/run-billing-run-again.ts';
import { confirmBuiltInPrices } from './built-in-prices/confirm-built-in-prices.ts';
import { listBuiltInPrices } from './built-in-prices/list-built-in-prices.ts';
import { addClientDocument } from './client-documents/add-client-document.ts';
import { deleteClientDocument } from './client-documents/delete-client-document.ts';
import { downloadClientDocument } from './client-documents/download-client-document.ts';
import { linkClientDocument } from './client-documents/link-client-document.ts';
import { getClientReport } from './client-reports/get-client-report.ts';
import { getClientReportPdf } from './client-reports/get-client-report-pdf.ts';
import { listClientReports } from './client-reports/list-client-reports.ts';
import { makeClientReport } from './client-reports/make-client-report.ts';
import { previewClientReport } from './client-reports/preview-client-report.ts';
import { previewClientReportPdf } from './client-reports/preview-client-report-pdf.ts';
import { sendClientReport } from './client-reports/send-client-report.ts';
import { createClient } from './clients/create-client.ts';
import { deleteClient } from './clients/delete-client.ts';
import { exportClientRates } from './clients/export-client-rates.ts';
import { exportClients } from './clients/export-clients.ts';
import { exportStatement } from './clients/export-statement.ts';
import { getClient } from './clients/get-client.ts';
import { getClientOverview } from './clients/get-client-overview.ts';
import { getStatement } from './clients/get-statement.ts';
import { getStatementPage } from './clients/get-statement-page.ts';
import { getStatementPdf } from './clients/get-statement-pdf.ts';
import { importClientRates } from './clients/import-client-rates.ts';
import { importClients } from './clients/import-clients.ts';
import { listClientTimeline } from './clients/list-client-timeline.ts';
import { listClients } from './clients/list-clients.ts';
import { previewClientDeletion } from './clients/preview-client-deletion.ts';
import { suggestClientCode } from './clients/suggest-client-code.ts';
import { updateClient } from './clients/update-client.ts';
import { createCompilation } from './compilations/create-compilation.ts';
import { undoCompilation } from './compilations/undo-compilation.ts';
import { getPersonCompliance } from './compliance/get-person-compliance.ts';
import { listCompliance } from './compliance/list-compliance.ts';
import { summarizeCompliance } from './compliance/summarize-compliance.ts';
import { acceptDocument } from './connections/accept-document.ts';
import { authoriseConnection } from './connections/authorise-connection.ts';
import { chooseConnectionAccount } from './connections/choose-connection-account.ts';
import { createConnection } from './connections/create-connection.ts';
import { disconnectConnection } from './connections/disconnect-connection.ts';
import { dryRunConnection } from './connections/dry-run-connection.ts';
import { getConnection } from './connections/get-connection.ts';
import { getConnectionHealth } from './connections/get-connection-health.ts';
import { getConnectionScope } from './connections/get-connection-scope.ts';
import { listConnectionAccounts } from './connections/list-connection-accounts.ts';
import { listConnections } from './connections/list-connections.ts';
import { listDocumentsAtPlatform } from './connections/list-documents-at-platform.ts';
import { listLookUps } from './connections/list-look-ups.ts';
import { listRawPages } from './connections/list-raw-pages.ts';
import { listVendorCalls } from './connections/list-vendor-calls.ts';
import { resyncConnection } from './connections/resync-connection.ts';
import { retryDocument } from './connections/retry-document.ts';
import { setConnectionScope } from './connections/set-connection-scope.ts';
import { startConnection } from './connections/start-connection.ts';
import { syncConnection } from './connections/sync-connection.ts';
import { testConnection } from './connections/test-connection.ts';
import { updateConnection } from './connections/update-connection.ts';
import { listConnectors } from './connectors/list-connectors.ts';
import { createContact } from './contacts/create-contact.ts';
import { deleteContact } from './contacts/delete-contact.ts';
import { inviteContact } from './contacts/invite-contact.ts';
import { updateContact } from './contacts/update-contact.ts';
import { acceptContractorInvoice } from './contractor-invoices/accept-contractor-invoice.ts';
import { approveContractorInvoice } from './contractor-invoices/approve-contractor-invoice.ts';
import { cancelContractorInvoice } from './contractor-invoices/cancel-contractor-invoice.ts';
import { createContractorInvoice } from './contractor-invoices/create-contractor-invoice.ts';
import { disputeContractorInvoice } from './contractor-invoices/dispute-contractor-invoice.ts';
import { getContractorInvoice } from './contractor-invoices/get-contractor-invoice.ts';
import { getContractorInvoicePdf } from './contractor-invoices/get-contractor-invoice-pdf.ts';
import { getPayable } from './contractor-invoices/get-payable.ts';
import { listContractorInvoices } from './contractor-invoices/list-contractor-invoices.ts';
import { previewContractorInvoice } from './contractor-invoices/preview-contractor-invoice.ts';
import { rejectContractorInvoice } from './contractor-invoices/reject-contractor-invoice.ts';
import { rejectInvoicedTicket } from './contractor-invoices/reject-invoiced-ticket.ts';
import { submitContractorInvoice } from './contractor-invoices/submit-contractor-invoice.ts';
import { updateContractorInvoice } from './contractor-invoices/update-contractor-invoice.ts';
import { withdrawContractorInvoice } from './contractor-invoices/withdraw-contractor-invoice.ts';
import { applyContractorPayment } from './contractor-payments/apply-contractor-payment.ts';
import { getContractorPayment } from './contractor-payments/get-contractor-payment.ts';
import { getWithholding } from './contractor-payments/get-withholding.ts';
import { listContractorCredits } from './contractor-payments/list-contractor-credits.ts';
import { listContractorPayments } from './contractor-payments/list-contractor-payments.ts';
import { recordContractorPayment } from './contractor-payments/record-contractor-payment.ts';
import { reverseContractorPayment } from './contractor-payments/reverse-contractor-payment.ts';
import { amendContract } from './contracts/amend-contract.ts';
import { createContract } from './contracts/create-contract.ts';
import { getBillingPolicy } from './contracts/get-billing-policy.ts';
import { getContract } from './contracts/get-contract.ts';
import { getContractTerms } from './contracts/get-contract-terms.ts';
import { getPriceSchedule } from './contracts/get-price-schedule.ts';
import { listAmendments } from './contracts/list-amendments.ts';
import { listContracts } from './contracts/list-contracts.ts';
import { listRetainerPeriods } from './contracts/list-retainer-periods.ts';
import { listRetentions } from './contracts/list-retentions.ts';
import { pauseBillingPolicy } from './contracts/pause-billing-policy.ts';
import { refundRetainer } from './contracts/refund-retainer.ts';
import { releaseRetentions } from './contracts/release-retentions.ts';
import { resumeBillingPolicy } from './contracts/resume-billing-policy.ts';
import { stateCompletion } from './contracts/state-completion.ts';
import { topUpRetainer } from './contracts/top-up-retainer.ts';
import { updateContract } from './contracts/update-contract.ts';
import { createCostRate } from './cost-rates/create-cost-rate.ts';
import { getCostRate } from './cost-rates/get-cost-rate.ts';
import { listCostRates } from './cost-rates/list-cost-rates.ts';
import { createCreditNote } from './credit-notes/create-credit-note.ts';
import { discardCreditNote } from './credit-notes/discard-credit-note.ts';
import { getCreditNote } from './credit-notes/get-credit-note.ts';
import { getCreditNotePdf } from './credit-notes/get-credit-note-pdf.ts';
import { getCreditNoteXml } from './credit-notes/get-credit-note-xml.ts';
import { issueCreditNote } from './credit-notes/issue-credit-note.ts';
import { listCreditNotes } from './credit-notes/list-credit-notes.ts';
import { reissueInvoice } from './credit-notes/reissue-invoice.ts';
import { createCurrencyRate } from './currency-rates/create-currency-rate.ts';
import { getCurrencyRate } from './currency-rates/get-currency-rate.ts';
import { importCurrencyRates } from './currency-rates/import-currency-rates.ts';
import { listCurrencyRates } from './currency-rates/list-currency-rates.ts';
import { getDashboard } from './dashboard/get-dashboard.ts';
import { decideDispute } from './disputes/decide-dispute.ts';
import { getDispute } from './disputes/get-dispute.ts';
import { listDisputes } from './disputes/list-disputes.ts';
import { raiseDispute } from './disputes/raise-dispute.ts';
import { withdrawDispute } from './disputes/withdraw-dispute.ts';
import { createDocumentRequirement } from './document-requirements/create-document-requirement.ts';
import { getDocumentRequirement } from './document-requirements/get-document-requirement.ts';
import { listDocumentRequirements } from './document-requirements/list-document-requirements.ts';
import { updateDocumentRequirement } from './document-requirements/update-document-requirement.ts';
import { approveDocument } from './documents/approve-document.ts';
import { getDocument } from './documents/get-document.ts';
import { listDocuments } from './documents/list-documents.ts';
import { rejectDocument } from './documents/reject-document.ts';
import { requestDocuments } from './documents/request-documents.ts';
import { uploadDocument } from './documents/upload-document.ts';
import { withdrawDocumentRequest } from './documents/withdraw-document-request.ts';
import { listDuties } from './duties/list-duties.ts';
import { listDutyLimits } from './duty-limits/list-duty-limits.ts';
import { setDutyLimit } from './duty-limits/set-duty-limit.ts';
import { getEntry } from './entries/get-entry.ts';
import { listEntries } from './entries/list-entries.ts';
import { listEvents } from './events/list-events.ts';
import { streamEventsRoute } from './events/stream-events.ts';
import { assignExceptions } from './exceptions/assign-exceptions.ts';
import { listExceptions } from './exceptions/list-exceptions.ts';
import { mapExceptions } from './exceptions/map-exceptions.ts';
import { releaseExceptions } from './exceptions/release-exceptions.ts';
import { resolveException } from './exceptions/resolve-exception.ts';
import { summarizeExceptions } from './exceptions/summarize-exceptions.ts';
import { writeOffExceptions } from './exceptions/write-off-exceptions.ts';
import { createHolidayCalendar } from './holiday-calendars/create-holiday-calendar.ts';
import { getHolidayCalendar } from './holiday-calendars/get-holiday-calendar.ts';
import { listHolidayCalendars } from './holiday-calendars/list-holiday-calendars.ts';
import { updateHolidayCalendar } from './holiday-calendars/update-holiday-calendar.ts';
import { receiveEntries } from './hooks/receive-entries.ts';
import { createImport } from './imports/create-import.ts';
import { acceptInvitation } from './invitations/accept-invitation.ts';
import { showInvitation } from './invitations/show-invitation.ts';
import { addDiscount } from './invoices/add-discount.ts';
import { confirmPayment } from './invoices/confirm-payment.ts';
import { creditDraft } from './invoices/credit-draft.ts';
import { decideConfirmation } from './invoices/decide-confirmation.ts';
import { discardInvoice } from './invoices/discard-invoice.ts';
import { getInvoice } from './invoices/get-invoice.ts';
import { getInvoicePage } from './invoices/get-invoice-page.ts';
import { getInvoicePdf } from './invoices/get-invoice-pdf.ts';
import { getInvoiceXml } from './invoices/get-invoice-xml.ts';
import { issueInvoice } from './invoices/issue-invoice.ts';
import { listBadDebts } from './invoices/list-bad-debts.ts';
import { listInvoiceDocuments } from './invoices/list-invoice-documents.ts';
import { listInvoiceLines } from './invoices/list-invoice-lines.ts';
import { listInvoices } from './invoices/list-invoices.ts';
import { listLineEntries } from './invoices/list-line-entries.ts';
import { listNextSteps } from './invoices/list-next-steps.ts';
import { recalculateInvoice } from './invoices/recalculate-invoice.ts';
import { removeDiscount } from './invoices/remove-discount.ts';
import { retryHeldInvoices } from './invoices/retry-held-invoices.ts';
import { retryInvoiceSync } from './invoices/retry-invoice-sync.ts';
import { reverseBadDebt } from './invoices/reverse-bad-debt.ts';
import { syncInvoice } from './invoices/sync-invoice.ts';
import { updateInvoice } from './invoices/update-invoice.ts';
import { voidInvoice } from './invoices/void-invoice.ts';
import { writeOffBadDebt } from './invoices/write-off-bad-debt.ts';
import { getMail } from './mail-outbox/get-mail.ts';
import { listMails } from './mail-outbox/list-mails.ts';
import { retryMail } from './mail-outbox/retry-mail.ts';
import { applyMappingRule } from './mapping-rules/apply-mapping-rule.ts';
import { createMappingRule } from './mapping-rules/create-mapping-rule.ts';
import { deleteMappingRule } from './mapping-rules/delete-mapping-rule.ts';
import { getMappingRule } from './mapping-rules/get-mapping-rule.ts';
import { listMappingRules } from './mapping-rules/list-mapping-rules.ts';
import { listUnmatched } from './mapping-rules/list-unmatched.ts';
import { previewMappingRule } from './mapping-rules/preview-mapping-rule.ts';
import { updateMappingRule } from './mapping-rules/update-mapping-rule.ts';
import { getClientMargin } from './margins/get-client-margin.ts';
import { getInvoiceMargin } from './margins/get-invoice-margin.ts';
import { listLineMargins } from './margins/list-line-margins.ts';
import { createMarkup } from './markups/create-markup.ts';
import { deleteMarkup } from './markups/delete-markup.ts';
import { getMarkup } from './markups/get-markup.ts';
import { listMarkups } from './markups/list-markups.ts';
import { updateMarkup } from './markups/update-markup.ts';
import { getMe } from './me/get-me.ts';
import { getMember } from './members/get-member.ts';
import { inviteMember } from './members/invite-member.ts';
import { listMembers } from './members/list-members.ts';
import { reactivateMember } from './members/reactivate-member.ts';
import { resendInvitation } from './members/resend-invitation.ts';
import { suspendMember } from './members/suspend-member.ts';
import { updateMember } from './members/update-member.ts';
import { createMembership } from './memberships/create-membership.ts';
import { deleteMembership } from './memberships/delete-membership.ts';
import { listMemberships } from './memberships/list-memberships.ts';
import { updateMembership } from './memberships/update-membership.ts';
import { createMileageClause } from './mileage-clauses/create-mileage-clause.ts';
import { getMileageClause } from './mileage-clauses/get-mileage-clause.ts';
import { listMileageClauses } from './mileage-clauses/list-mileage-clauses.ts';
import { updateMileageClause } from './mileage-clauses/update-mileage-clause.ts';
import { acceptMilestone } from './milestones/accept-milestone.ts';
import { createMilestone } from './milestones/create-milestone.ts';
import { deleteMilestone } from './milestones/delete-milestone.ts';
import { getMilestone } from './milestones/get-milestone.ts';
import { listAcceptances } from './milestones/list-acceptances.ts';
import { listMilestones } from './milestones/list-milestones.ts';
import { reachMilestone } from './milestones/reach-milestone.ts';
import { updateMilestone } from './milestones/update-milestone.ts';
import { getNotificationPreferences } from './notification-preferences/get-notification-preferences.ts';
import { putNotificationPreferences } from './notification-preferences/put-notification-preferences.ts';
import { countUnread } from './notifications/count-unread.ts';
import { listNotifications } from './notifications/list-notifications.ts';
import { markAllRead } from './notifications/mark-all-read.ts';
import { markNotificationRead } from './notifications/mark-notification-read.ts';
import { streamNotifications } from './notifications/stream-notifications.ts';
import { finishConsent } from './oauth/finish-consent.ts';
import { counterOpeningBatch } from './opening-batches/counter-opening-batch.ts';
import { createOpeningBatch } from './opening-batches/create-opening-batch.ts';
import { getOpeningBatch } from './opening-batches/get-opening-batch.ts';
import { importOpeningBatch } from './opening-batches/import-opening-batch.ts';
import { listOpeningBalances } from './opening-batches/list-opening-balances.ts';
import { listOpeningBatches } from './opening-batches/list-opening-batches.ts';
import { refuseOpeningBatch } from './opening-batches/refuse-opening-batch.ts';
import { signOffOpeningBatch } from './opening-batches/sign-off-opening-batch.ts';
import { cancelOperation } from './operations/cancel-operation.ts';
import { getOperation } from './operations/get-operation.ts';
import { listOperations } from './operations/list-operations.ts';
import { confirmPayeeAccount } from './payee-accounts/confirm-payee-account.ts';
import { getPayeeAccount } from './payee-accounts/get-payee-account.ts';
import { listPayeeAccounts } from './payee-accounts/list-payee-accounts.ts';
import { proposePayeeAccount } from './payee-accounts/propose-payee-account.ts';
import { refusePayeeAccount } from './payee-accounts/refuse-payee-account.ts';
import { revealPayeeAccount } from './payee-accounts/reveal-payee-account.ts';
import { createPaymentTerms } from './payment-terms/create-payment-terms.ts';
import { deletePaymentTerms } from './payment-terms/delete-payment-terms.ts';
import { getPaymentTerms } from './payment-terms/get-payment-terms.ts';
import { listPaymentTerms } from './payment-terms/list-payment-terms.ts';
import { updatePaymentTerms } from './payment-terms/update-payment-terms.ts';
import { applyPayment } from './payments/apply-payment.ts';
import { clearPayment } from './payments/clear-payment.ts';
import { confirmProposal } from './payments/confirm-proposal.ts';
import { getPayment } from './payments/get-payment.ts';
import { listPayments } from './payments/list-payments.ts';
import { listProposals } from './payments/list-proposals.ts';
import { matchPayment } from './payments/match-payment.ts';
import { recordPayment } from './payments/record-payment.ts';
import { refundPayment } from './payments/refund-payment.ts';
import { rejectProposal } from './payments/reject-proposal.ts';
import { reversePayment } from './payments/reverse-payment.ts';
import { createPerson } from './people/create-person.ts';
import { forgetPerson } from './people/forget-person.ts';
import { getPerson } from './people/get-person.ts';
import { listPeople } from './people/list-people.ts';
import { updatePerson } from './people/update-person.ts';
import { createPeriod } from './periods/create-period.ts';
import { getPeriod } from './periods/get-period.ts';
import { listPeriods } from './periods/list-periods.ts';
import { overridePeriod } from './periods/override-period.ts';
import { updatePeriod } from './periods/update-period.ts';
import { createPhase } from './phases/create-phase.ts';
import { deletePhase } from './phases/delete-phase.ts';
import { getPhase } from './phases/get-phase.ts';
import { listPhases } from './phases/list-phases.ts';
import { updatePhase } from './phases/update-phase.ts';
import { createPostingFile } from './posting-files/create-posting-file.ts';
import { downloadPostingFile } from './posting-files/download-posting-file.ts';
import { listPostingFiles } from './posting-files/list-posting-files.ts';
import { createListPrice } from './price-lists/create-list-price.ts';
import { createPriceList } from './price-lists/create-price-list.ts';
import { deleteListPrice } from './price-lists/delete-list-price.ts';
import { getPriceList } from './price-lists/get-price-list.ts';
import { listListPrices } from './price-lists/list-list-prices.ts';
import { listPriceLists } from './price-lists/list-price-lists.ts';
import { updateListPrice } from './price-lists/update-list-price.ts';
import { updatePriceList } from './price-lists/update-price-list.ts';
import { createProduct } from './products/create-product.ts';
import { getProduct } from './products/get-product.ts';
import { listProducts } from './products/list-products.ts';
import { updateProduct } from './products/update-product.ts';
import { createProject } from './projects/create-project.ts';
import { getProject } from './projects/get-project.ts';
import { getProjectBudget } from './projects/get-project-budget.ts';
import { listProjects } from './projects/list-projects.ts';
import { updateProject } from './projects/update-project.ts';
import { createPurchaseOrder } from './purchase-orders/create-purchase-order.ts';
import { getPurchaseOrder } from './purchase-orders/get-purchase-order.ts';
import { listPurchaseOrders } from './purchase-orders/list-purchase-orders.ts';
import { updatePurchaseOrder } from './purchase-orders/update-purchase-order.ts';
import { dismissQuarantined } from './quarantine/dismiss-quarantined.ts';
import { getQuarantined } from './quarantine/get-quarantined.ts';
import { listQuarantine } from './quarantine/list-quarantine.ts';
import { createRateCard } from './rate-cards/create-rate-card.ts';
import { getRateCard } from './rate-cards/get-rate-card.ts';
import { listRateCards } from './rate-cards/list-rate-cards.ts';
import { updateRateCard } from './rate-cards/update-rate-card.ts';
import { createReminderPolicy } from './reminders/create-reminder-policy.ts';
import { endReminderPause } from './reminders/end-reminder-pause.ts';
import { getLateFeePage } from './reminders/get-late-fee-page.ts';
import { getLateFeePdf } from './reminders/get-late-fee-pdf.ts';
import { getReminderPolicy } from './reminders/get-reminder-policy.ts';
import { listLateFees } from './reminders/list-late-fees.ts';
import { listReminderLetters } from './reminders/list-reminder-letters.ts';
import { listReminderPauses } from './reminders/list-reminder-pauses.ts';
import { listReminderPolicies } from './reminders/list-reminder-policies.ts';
import { pauseReminders } from './reminders/pause-reminders.ts';
import { sendReminders } from './reminders/send-reminders.ts';
import { setClientReminderPolicy } from './reminders/set-client-reminder-policy.ts';
import { updateReminderPolicy } from './reminders/update-reminder-policy.ts';
import { waiveLateFee } from './reminders/waive-late-fee.ts';
import { exportFinanceReport } from './reports/export-finance-report.ts';
import { exportLeakage } from './reports/export-leakage.ts';
import { exportReconciliation } from './reports/export-reconciliation.ts';
import { getFinanceReport } from './reports/get-finance-report.ts';
import { getLeakage } from './reports/get-leakage.ts';
import { getReconciliation } from './reports/get-reconciliation.ts';
import { listRoles } from './roles/list-roles.ts';
import { updateRole } from './roles/update-role.ts';
import { answerSelfBillingAgreement } from './self-billing-agreements/answer-self-billing-agreement.ts';
import { listSelfBillingAgreements } from './self-billing-agreements/list-self-billing-agreements.ts';
import { proposeSelfBillingAgreement } from './self-billing-agreements/propose-self-billing-agreement.ts';
import { createSeller } from './sellers/create-seller.ts';
import { getSeller } from './sellers/get-seller.ts';
import { listSellers } from './sellers/list-sellers.ts';
import { updateSeller } from './sellers/update-seller.ts';
import { createSeries } from './series/create-series.ts';
import { getSeries } from './series/get-series.ts';
import { listSeries } from './series/list-series.ts';
import { updateSeries } from './series/update-series.ts';
import { acceptInvoice } from './sign-offs/accept-invoice.ts';
import { commentInvoice } from './sign-offs/comment-invoice.ts';
import { getSignOff } from './sign-offs/get-sign-off.ts';
import { rejectDraft } from './sign-offs/reject-draft.ts';
import { requestSignOff } from './sign-offs/request-sign-off.ts';
import { createStrategy } from './strategies/create-strategy.ts';
import { deleteStrategy } from './strategies/delete-strategy.ts';
import { getStrategy } from './strategies/get-strategy.ts';
import { listStrategies } from './strategies/list-strategies.ts';
import { updateStrategy } from './strategies/update-strategy.ts';
import { approveTaskEntries } from './task-entries/approve-task-entries.ts';
import { createTaskEntry } from './task-entries/create-task-entry.ts';
import { deleteTaskEntry } from './task-entries/delete-task-entry.ts';
import { getTaskEntry } from './task-entries/get-task-entry.ts';
import { listTaskEntries } from './task-entries/list-task-entries.ts';
import { rejectTaskEntries } from './task-entries/reject-task-entries.ts';
import { updateTaskEntry } from './task-entries/update-task-entry.ts';
import { createTask } from './tasks/create-task.ts';
import { getTask } from './tasks/get-task.ts';
import { listTasks } from './tasks/list-tasks.ts';
import { updateTask } from './tasks/update-task.ts';
import { createTaxRate } from './tax-rates/create-tax-rate.ts';
import { getTaxRate } from './tax-rates/get-tax-rate.ts';
import { listTaxRates } from './tax-rates/list-tax-rates.ts';
import { updateTaxRate } from './tax-rates/update-tax-rate.ts';
import { createTaxRegistration } from './tax-registrations/create-tax-registration.ts';
import { listTaxRegistrations } from './tax-registrations/list-tax-registrations.ts';
import { updateTaxRegistration } from './tax-registrations/update-tax-registration.ts';
import { createTeam } from './teams/create-team.ts';
import { deleteTeam } from './teams/delete-team.ts';
import { getTeam } from './teams/get-team.ts';
import { listTeams } from './teams/list-teams.ts';
import { updateTeam } from './teams/update-team.ts';
import { approveTicket } from './tickets/approve-ticket.ts';
import { approveTickets } from './tickets/approve-tickets.ts';
import { createTicket } from './tickets/create-ticket.ts';
import { discardTicket } from './tickets/discard-ticket.ts';
import { getTicket } from './tickets/get-ticket.ts';
import { getTicketHistory } from './tickets/get-ticket-history.ts';
import { listTickets } from './tickets/list-tickets.ts';
import { rejectTicket } from './tickets/reject-ticket.ts';
import { rejectTickets } from './tickets/reject-tickets.ts';
import { submitTicket } from './tickets/submit-ticket.ts';
import { totalTickets } from './tickets/total-tickets.ts';
import { updateTicket } from './tickets/update-ticket.ts';
import { withdrawTicket } from './tickets/withdraw-ticket.ts';
import { discardTimer } from './timers/discard-timer.ts';
import { getTimer } from './timers/get-timer.ts';
import { listTimers } from './timers/list-timers.ts';
import { startTimer } from './timers/start-timer.ts';
import { stopTimer } from './timers/stop-timer.ts';
import { createUnit } from './units/create-unit.ts';
import { listUnits } from './units/list-units.ts';
import { updateUnit } from './units/update-unit.ts';
import { listValidationRules } from './validation-rules/list-validation-rules.ts';
import { setContractRule } from './validation-rules/set-contract-rule.ts';
import { setWorkspaceRule } from './validation-rules/set-workspace-rule.ts';
import { receiveWebhook } from './webhooks/receive-webhook.ts';
import { listWork } from './work/list-work.ts';
import { getClock } from './workspace/get-clock.ts';
import { getWorkspace } from './workspace/get-workspace.ts';
import { moveClock } from './workspace/move-clock.ts';
import { updateWorkspace } from './workspace/update-workspace.ts';
import { getWriteOff } from './write-offs/get-write-off.ts';
import { listWriteOffs } from './write-offs/list-write-offs.ts';
import { reverseWriteOff } from './write-offs/reverse-write-off.ts';

export const routes: readonly Route[] = [
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  approveBillingRun,
  cancelBillingRun,
  createBillingRun,
  getBillingRun,
  listBillingRuns,
  listRunPulls,
  previewBillingRun,
  rejectBillingRun,
  runBillingRunAgain,
  createCompilation,
  undoCompilation,
  listBillableItems,
  holdItems,
  releaseItems,
  adjustItem,
  creditItems,
  writeOffItems,
  listWriteOffs,
  getWriteOff,
  reverseWriteOff,
  getBillableItem,
  createClient,
  exportStatement,
  getClient,
  getStatement,
  getStatementPage,
  getStatementPdf,
  listClientReports,
  getClientReport,
  getClientReportPdf,
  previewClientReport,
  previewClientReportPdf,
  makeClientReport,
  sendClientReport,
  listClients,
  updateClient,
  suggestClientCode,
  previewClientDeletion,
  deleteClient,
  getClientOverview,
  listClientTimeline,
  exportClients,
  importClients,
  exportClientRates,
  importClientRates,
  createContact,
  updateContact,
  deleteContact,
  inviteContact,
  addClientDocument,
  deleteClientDocument,
  linkClientDocument,
  downloadClientDocument,
  createConnection,
  acceptDocument,
  listDocumentsAtPlatform,
  retryDocument,
  createPostingFile,
  downloadPostingFile,
  listPostingFiles,
  authoriseConnection,
  chooseConnectionAccount,
  disconnectConnection,
  getConnectionHealth,
  listConnectionAccounts,
  listLookUps,
  dryRunConnection,
  resyncConnection,
  startConnection,
  testConnection,
  finishConsent,
  getConnection,
  getConnectionScope,
  setConnectionScope,
  listRawPages,
  listVendorCalls,
  listConnections,
  syncConnection,
  updateConnection,
  listConnectors,
  acceptContractorInvoice,
  approveContractorInvoice,
  cancelContractorInvoice,
  createContractorInvoice,
  disputeContractorInvoice,
  getContractorInvoice,
  getPayable,
  listContractorInvoices,
  previewContractorInvoice,
  rejectContractorInvoice,
  rejectInvoicedTicket,
  submitContractorInvoice,
  updateContractorInvoice,
  withdrawContractorInvoice,
  applyContractorPayment,
  getContractorPayment,
  getWithholding,
  listContractorCredits,
  listContractorPayments,
  recordContractorPayment,
  reverseContractorPayment,
  confirmPayeeAccount,
  getPayeeAccount,
  listPayeeAccounts,
  proposePayeeAccount,
  refusePayeeAccount,
  revealPayeeAccount,
  answerSelfBillingAgreement,
  listSelfBillingAgreements,
  proposeSelfBillingAgreement,
  amendContract,
  createContract,
  getContract,
  listContracts,
  getContractTerms,
  getBillingPolicy,
  pauseBillingPolicy,
  resumeBillingPolicy,
  listAmendments,
  listRetainerPeriods,
  topUpRetainer,
  getPriceSchedule,
  stateCompletion,
  refundRetainer,
  listRetentions,
  releaseRetentions,
  createHolidayCalendar,
  getHolidayCalendar,
  listHolidayCalendars,
  updateHolidayCalendar,
  updateContract,
  getDashboard,
  getEntry,
  listEntries,
  listEvents,
  listAudit,
  exportAudit,
  streamEventsRoute,
  listExceptions,
  assignExceptions,
  mapExceptions,
  releaseExceptions,
  writeOffExceptions,
  listValidationRules,
  setWorkspaceRule,
  setContractRule,
  resolveException,
  summarizeExceptions,
  getFinanceReport,
  getLeakage,
  createReminderPolicy,
  endReminderPause,
  getReminderPolicy,
  listLateFees,
  getLateFeePage,
  getLateFeePdf,
  listReminderLetters,
  listReminderPolicies,
  listReminderPauses,
  pauseReminders,
  sendReminders,
  setClientReminderPolicy,
  updateReminderPolicy,
  waiveLateFee,
  exportFinanceReport,
  exportLeakage,
  getReconciliation,
  exportReconciliation,
  listOpeningBatches,
  createOpeningBatch,
  importOpeningBatch,
  getOpeningBatch,
  listOpeningBalances,
  signOffOpeningBatch,
  refuseOpeningBatch,
  counterOpeningBatch,
  createImport,
  confirmPayment,
  listBadDebts,
  reverseBadDebt,
  writeOffBadDebt,
  decideConfirmation,
  creditDraft,
  discardInvoice,
  updateInvoice,
  addDiscount,
  removeDiscount,
  recalculateInvoice,
  retryHeldInvoices,
  getMail,
  listMails,
  retryMail,
  getNotificationPreferences,
  putNotificationPreferences,
  countUnread,
  listNotifications,
  markAllRead,
  markNotificationRead,
  streamNotifications,
  getInvoice,
  getInvoicePage,
  getInvoicePdf,
  getInvoiceXml,
  listInvoiceDocuments,
  getContractorInvoicePdf,
  issueInvoice,
  listInvoiceLines,
  listNextSteps,
  listInvoices,
  listLineEntries,
  retryInvoiceSync,
  applyMappingRule,
  createMappingRule,
  deleteMappingRule,
  // Before the rule by its id, whose path it would be.
  listUnmatched,
  getMappingRule,
  listMappingRules,
  previewMappingRule,
  updateMappingRule,
  cancelOperation,
  getOperation,
  listOperations,
  applyPayment,
  clearPayment,
  confirmProposal,
  getPayment,
  listPayments,
  listProposals,
  matchPayment,
  recordPayment,
  refundPayment,
  rejectProposal,
  reversePayment,
  createPeriod,
  getPeriod,
  listPeriods,
  overridePeriod,
  updatePeriod,
  createPerson,
  getPerson,
  listPeople,
  forgetPerson,
  updatePerson,
  createPhase,
  deletePhase,
  getPhase,
  listPhases,
  updatePhase,
  listAcceptances,
  acceptMilestone,
  createMilestone,
  deleteMilestone,
  getMilestone,
  listMilestones,
  reachMilestone,
  updateMilestone,
  createProject,
  getProject,
  getProjectBudget,
  listProjects,
  updateProject,
  dismissQuarantined,
  getQuarantined,
  listQuarantine,
  createRateCard,
  getRateCard,
  listBuiltInPrices,
  confirmBuiltInPrices,
  createMileageClause,
  listMileageClauses,
  getMileageClause,
  updateMileageClause,
  listRateCards,
  updateRateCard,
  getClientMargin,
  getInvoiceMargin,
  listLineMargins,
  createMarkup,
  listMarkups,
  getMarkup,
  updateMarkup,
  deleteMarkup,
  createPriceList,
  listPriceLists,
  getPriceList,
  updatePriceList,
  createListPrice,
  listListPrices,
  updateListPrice,
  deleteListPrice,
  createCurrencyRate,
  importCurrencyRates,
  listCurrencyRates,
  getCurrencyRate,
  createPaymentTerms,
  deletePaymentTerms,
  getPaymentTerms,
  listPaymentTerms,
  updatePaymentTerms,
  createPurchaseOrder,
  getPurchaseOrder,
  listPurchaseOrders,
  updatePurchaseOrder,
  createBankAccount,
  listBankAccounts,
  updateBankAccount,
  createSeller,
  getSeller,
  listSellers,
  updateSeller,
  createSeries,
  getSeries,
  listSeries,
  updateSeries,
  createStrategy,
  deleteStrategy,
  createTaxRate,
  getTaxRate,
  listTaxRates,
  updateTaxRate,
  createTaxRegistration,
  listTaxRegistrations,
  updateTaxRegistration,
  getStrategy,
  listStrategies,
  updateStrategy,
  createTask,
  getTask,
  listTasks,
  updateTask,
  createProduct,
  getProduct,
  listProducts,
  updateProduct,
  listUnits,
  createUnit,
  updateUnit,
  createTaskEntry,
  getTaskEntry,
  listTaskEntries,
  updateTaskEntry,
  deleteTaskEntry,
  approveTaskEntries,
  rejectTaskEntries,
  startTimer,
  getTimer,
  listTimers,
  stopTimer,
  discardTimer,
  receiveWebhook,
  receiveEntries,
  listWork,
  getWorkspace,
  getClock,
  moveClock,
  updateWorkspace,
  acceptInvitation,
  showInvitation,
  getMe,
  getMember,
  inviteMember,
  listMembers,
  reactivateMember,
  resendInvitation,
  suspendMember,
  updateMember,
  createMembership,
  deleteMembership,
  listMemberships,
  updateMembership,
  listRoles,
  updateRole,
  createTeam,
  deleteTeam,
  getTeam,
  listTeams,
  updateTeam,
  listTickets,
  createTicket,
  totalTickets,
  approveTickets,
  rejectTickets,
  getTicket,
  updateTicket,
  getTicketHistory,
  submitTicket,
  withdrawTicket,
  approveTicket,
  rejectTicket,
  discardTicket,
  createCostRate,
  listCostRates,
  getCostRate,
  createApprovalSubstitute,
  listApprovalSubstitutes,
  getApprovalSubstitute,
  deleteApprovalSubstitute,
  listDuties,
  createAttachment,
  deleteAttachment,
  getAttachment,
  getAttachmentContent,
  getPersonCompliance,
  listCompliance,
  summarizeCompliance,
  createDocumentRequirement,
  getDocumentRequirement,
  listDocumentRequirements,
  updateDocumentRequirement,
  approveDocument,
  getDocument,
  listDocuments,
  rejectDocument,
  requestDocuments,
  uploadDocument,
  withdrawDocumentRequest,
  createCreditNote,
  listCreditNotes,
  getCreditNote,
  getCreditNotePdf,
  getCreditNoteXml,
  issueCreditNote,
  discardCreditNote,
  reissueInvoice,
  voidInvoice,
  syncInvoice,
  listDutyLimits,
  setDutyLimit,
  requestSignOff,
  getSignOff,
  acceptInvoice,
  commentInvoice,
  rejectDraft,
  raiseDispute,
  listDisputes,
  getDispute,
  decideDispute,
  withdrawDispute,
];
